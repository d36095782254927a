import { fstatSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { describeFileError, hasCode } from '../errors.ts';
import { exitCodes } from '../exit-codes.ts';
import { fileSink, type LineSink, streamSink } from './line-writer.ts';

/** What is needed of Node's `process`. */
export interface StreamsOwner {
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  exitCode?: number | string | null | undefined;
  once(event: 'exit', then: () => void): unknown;
}

const stdoutFd = 1;
const stderrFd = 2;

/** Syslog's, which journald takes in front of a line (sd-daemon(3)). */
const priorities = { error: 3, info: 6 } as const;

/**
 * Standard output and standard error of a program, made once at the top of its main file: no write to them ends it.
 * A reader that goes away, as `head -1` does, ends the output without a word. An output that cannot be written, as to a
 * full disk, is told on standard error, and the program ends with 75.
 */
export class StandardStreams {
  readonly #owner: StreamsOwner;
  readonly #journalStream: string | undefined;
  #isFailureTold = false;

  /** @param journalStream $JOURNAL_STREAM: the journal's device and inode (systemd.exec(5)); a redirection leads elsewhere */
  constructor(owner: StreamsOwner, journalStream?: string) {
    this.#owner = owner;
    this.#journalStream = journalStream;
    owner.stdout.on('error', (error) => this.#outputFailed(error));
    owner.stderr.on('error', ignore);
  }

  get isTerminal(): boolean {
    return this.#owner.stdout.isTTY === true;
  }

  /** Whether standard output is systemd's journal. */
  get isJournal(): boolean {
    return this.#isJournal(stdoutFd);
  }

  /** One line, or lines, on standard output. */
  print(text: string): void {
    this.#owner.stdout.write(this.#isJournal(stdoutFd) ? withPriority(text, priorities.info) : `${text}\n`);
  }

  /** One line, or lines, on standard error. */
  remark(text: string): void {
    this.#owner.stderr.write(this.#isJournal(stderrFd) ? withPriority(text, priorities.error) : `${text}\n`);
  }

  /** Resolves when the text has left standard output; false when nobody takes more. */
  write(text: string): Promise<boolean> {
    return new Promise((resolve) => this.#owner.stdout.write(text, (error) => resolve(!error)));
  }

  /** Standard output for a log. Only a pipe or a socket could block, and those Node writes without. */
  logSink(): LineSink {
    const kind = fstatSync(stdoutFd);
    return kind.isFIFO() || kind.isSocket() ? streamSink(this.#owner.stdout, stdoutFd) : fileSink(stdoutFd);
  }

  onExit(then: () => void): void {
    this.#owner.once('exit', then);
  }

  #isJournal(fd: number): boolean {
    if (this.#journalStream === undefined) return false;
    const { dev, ino } = fstatSync(fd);
    return this.#journalStream === `${dev}:${ino}`;
  }

  #outputFailed(error: Error): void {
    if (this.#isFailureTold || isReaderGone(error)) return;
    this.#isFailureTold = true;
    this.remark(`standard output cannot be written: ${describeFileError(error)}`);
    // Last of all: the command sets its own code after it has printed.
    this.onExit(() => {
      this.#owner.exitCode = exitCodes.temporary;
    });
  }
}

function withPriority(text: string, priority: number): string {
  return text
    .split('\n')
    .map((line) => `<${priority}>${line}\n`)
    .join('');
}

function isReaderGone(error: Error): boolean {
  return hasCode(error, 'EPIPE') || hasCode(error, 'ECONNRESET') || hasCode(error, 'ERR_STREAM_DESTROYED');
}

/** Nobody is left to be told. */
function ignore(): void {
  return;
}
