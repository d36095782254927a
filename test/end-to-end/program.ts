import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The two programs, as they ship. */
export type ProgramName = 'server' | 'client';

/** How a finished command ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const main = (name: ProgramName): string => fileURLToPath(new URL(`../../${name}/main.js`, import.meta.url));

/** Runs a command of one of the programs to its end. */
export async function runCommand(name: ProgramName, args: readonly string[]): Promise<Finished> {
  const program = new RunningProgram(name, args);
  await program.ended;
  return program.finished();
}

/** A program that runs in a process of its own. Whoever starts one ends it. */
export class RunningProgram {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  #stdout = '';
  #stderr = '';
  #watchers: (() => void)[] = [];

  constructor(name: ProgramName, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', TZ: 'UTC', ...environment };
    this.#child = spawn(process.execPath, [main(name), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#hear(() => (this.#stdout += chunk.toString())));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#hear(() => (this.#stderr += chunk.toString())));
    this.ended = once(this.#child, 'close').then(() => this.#hear(() => undefined));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  get output(): string {
    return this.#stdout + this.#stderr;
  }

  finished(): Finished {
    return { code: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr };
  }

  /**
   * Resolves with the first match in what the program has written.
   *
   * @throws when the program ends first
   */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.hasEnded)
        throw new Error(`ended with ${this.#child.exitCode} before it said ${pattern}:\n${this.output}`);
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  /** Asks it to stop, and waits until it has. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.ended;
  }

  /** Ends it as a crash does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  #hear(take: () => void): void {
    take();
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const wake of watchers) wake();
  }
}
