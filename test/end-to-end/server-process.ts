import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Certificates } from '../certificates.ts';
import { askProgram, RunningProgram, runCommand } from './program.ts';
import type { Finished } from './running-process.ts';

export interface ServerProcessOptions {
  /** A folder of its own. */
  readonly dir: string;
  readonly certificates: Certificates;
  /** 0 takes a free port, and keeps it over restarts. */
  readonly port?: number;
  /** Lines for `[policy]`. */
  readonly policy?: readonly string[];
  /** Whole sections, as `[proxmox main]` with its keys. */
  readonly enforcers?: readonly string[];
  /** More lines for `[server]`. */
  readonly server?: readonly string[];
  /** What the server's process sees beside what its unit gives it. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The real server in a process of its own, on loopback, with its files in a folder of its own. */
export class ServerProcess {
  readonly #options: ServerProcessOptions;
  readonly config: string;
  readonly database: string;
  /** Where it answers commands. */
  readonly socket: string;
  #program: RunningProgram | undefined;
  #port: number;

  private constructor(options: ServerProcessOptions) {
    this.#options = options;
    this.config = join(options.dir, 'server.ini');
    this.database = join(options.dir, 'ledger.db');
    this.socket = join(options.dir, 'admin.sock');
    this.#port = options.port ?? 0;
  }

  static async start(options: ServerProcessOptions): Promise<ServerProcess> {
    await mkdir(options.dir, { recursive: true });
    const server = new ServerProcess(options);
    await server.start();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get program(): RunningProgram {
    if (this.#program === undefined) throw new Error('the server is not running');
    return this.#program;
  }

  /** Starts it again after a stop or a kill, on the same port. */
  async start(): Promise<void> {
    await this.writeConfig();
    this.#program = new RunningProgram('server', ['run', '--config', this.config], this.#options.environment);
    const [, port] = await this.#program.said(/"port":(\d+)[^\n]*"msg":"ready"/);
    this.#port = Number(port);
  }

  async writeConfig(
    policy: readonly string[] = this.#options.policy ?? [],
    enforcers: readonly string[] = this.#options.enforcers ?? [],
  ): Promise<void> {
    const { certificates, server = [] } = this.#options;
    const lines = [
      '[server]',
      'listen = 127.0.0.1',
      `port = ${this.#port}`,
      'public_host = 127.0.0.1',
      `certificate = ${certificates.certFile}`,
      `certificate_key = ${certificates.keyFile}`,
      `database = ${this.database}`,
      `socket = ${this.socket}`,
      ...server,
      '[policy]',
      ...policy,
      ...enforcers,
      '',
    ];
    await writeFile(this.config, lines.join('\n'));
  }

  /** Runs a command of the server's program against it. */
  command(...args: readonly string[]): Promise<Finished> {
    return runCommand('server', [...args, '--config', this.config]);
  }

  /** The JSON that a command prints, however it ends. @throws when it prints none */
  ask(...args: readonly string[]): Promise<Record<string, unknown>> {
    return askProgram('server', [...args, '--config', this.config]);
  }

  /** The line that enrolls a host. */
  async enrolmentFor(name: string, ...options: readonly string[]): Promise<string> {
    const { enrolment } = await this.ask('client', 'add', name, ...options);
    return String(enrolment);
  }

  stop(): Promise<void> {
    return this.program.stop();
  }

  kill(): Promise<void> {
    return this.program.kill();
  }
}
