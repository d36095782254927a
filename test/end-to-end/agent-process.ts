import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askProgram, RunningProgram, runCommand } from './program.ts';
import type { Finished } from './running-process.ts';

export interface AgentProcessOptions {
  /** A folder of its own. */
  readonly dir: string;
  /** The lines that `client add` printed, by the name of the server. */
  readonly enrolments: Readonly<Record<string, string>>;
  /** More lines for `[agent]`: where fail2ban is, how often its jails are compared. */
  readonly agent?: readonly string[];
}

/** The real agent in a process of its own, enrolled as a person would. */
export class AgentProcess {
  readonly config: string;
  readonly spool: string;
  #program: RunningProgram | undefined;

  private constructor(dir: string) {
    this.config = join(dir, 'client.ini');
    this.spool = join(dir, 'spool');
  }

  static async start(options: AgentProcessOptions): Promise<AgentProcess> {
    const agent = await AgentProcess.prepare(options);
    await agent.start();
    return agent;
  }

  /** Enrolls, but starts nothing. */
  static async prepare({ dir, enrolments, agent = [] }: AgentProcessOptions): Promise<AgentProcess> {
    const made = new AgentProcess(dir);
    await mkdir(made.spool, { recursive: true });
    const lines = [
      '[agent]',
      `spool = ${made.spool}`,
      `state = ${join(dir, 'state')}`,
      `socket = ${join(dir, 'agent.sock')}`,
      ...agent,
      '',
    ];
    await writeFile(made.config, lines.join('\n'));
    for (const [name, line] of Object.entries(enrolments)) {
      const { code, stderr } = await made.command('enroll', line, '--name', name);
      if (code !== 0) throw new Error(`enroll ended with ${code}: ${stderr}`);
    }
    return made;
  }

  get program(): RunningProgram {
    if (this.#program === undefined) throw new Error('the agent is not running');
    return this.#program;
  }

  async start(): Promise<void> {
    this.#program = new RunningProgram('client', ['agent', '--config', this.config]);
    await this.#program.said(/connected|failed|cannot/);
  }

  /** Runs a command of the agent's program against it. */
  command(...args: readonly string[]): Promise<Finished> {
    return runCommand('client', [...args, '--config', this.config]);
  }

  /** The JSON that a command prints, however it ends. @throws when it prints none */
  ask(...args: readonly string[]): Promise<Record<string, unknown>> {
    return askProgram('client', [...args, '--config', this.config]);
  }

  /** How many events its first server has not answered yet. */
  async waiting(): Promise<number> {
    const { servers } = (await this.ask('status')) as { servers: { waiting: number }[] };
    return servers[0]?.waiting ?? 0;
  }

  stop(): Promise<void> {
    return this.program.stop();
  }

  kill(): Promise<void> {
    return this.program.kill();
  }
}
