import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A `sqlite3` that has begun to read a ledger and does not end. */
export class ReaderProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  /** Resolves when it reads. */
  static async start(file: string): Promise<ReaderProcess> {
    const child = spawn('sqlite3', [file], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.write("BEGIN; SELECT 'reads', count(*) FROM sqlite_schema;\n");
    await once(child.stdout, 'data');
    return new ReaderProcess(child);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}
