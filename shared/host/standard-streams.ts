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

/**
 * Standard output and standard error of a program, made once at the top of its main file: no write to them ends it.
 * A reader that goes away, as `head -1` does, ends the output without a word. An output that cannot be written, as to a
 * full disk, is told on standard error, and the program ends with 75.
 */
export class StandardStreams {
  readonly #owner: StreamsOwner;
  #isFailureTold = false;

  constructor(owner: StreamsOwner) {
    this.#owner = owner;
    owner.stdout.on('error', (error) => this.#outputFailed(error));
    owner.stderr.on('error', ignore);
  }

  get isTerminal(): boolean {
    return this.#owner.stdout.isTTY === true;
  }

  /** @param stream `DEVICE:INODE`, as in $JOURNAL_STREAM: systemd's for the journal, which a redirection replaces */
  isOutput(stream: string | undefined): boolean {
    const { dev, ino } = fstatSync(stdoutFd);
    return stream === `${dev}:${ino}`;
  }

  /** One line, or lines, on standard output. */
  print(text: string): void {
    this.#owner.stdout.write(`${text}\n`);
  }

  /** One line, or lines, on standard error. */
  remark(text: string): void {
    this.#owner.stderr.write(`${text}\n`);
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

function isReaderGone(error: Error): boolean {
  return hasCode(error, 'EPIPE') || hasCode(error, 'ECONNRESET') || hasCode(error, 'ERR_STREAM_DESTROYED');
}

/** Nobody is left to be told. */
function ignore(): void {
  return;
}
