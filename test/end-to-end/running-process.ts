import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** How a finished command ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What every program of a test sees; the clocks of all run in one time zone. */
const environment = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', TZ: 'UTC' };

/** A process of a test's own, whose output is kept. Whoever starts one ends it. */
export class RunningProcess {
  readonly #child: ChildProcess;
  readonly ended: Promise<void>;
  #stdout = '';
  #stderr = '';
  #watchers: (() => void)[] = [];

  constructor(file: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(file, args, { env: { ...environment, ...more }, stdio: ['ignore', 'pipe', 'pipe'] });
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
   * Resolves with the first match in what the process has written.
   *
   * @throws when the process ends first
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
