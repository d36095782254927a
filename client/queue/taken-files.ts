import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import type { QueueLine } from '../queue-line.ts';
import { NoQueueFileError, readTakenLines, readUnfinished, removeTaken, sizeOfTaken } from '../taken-file.ts';

/** Where the lines of the queue go. */
export interface QueueReader {
  /** Where to go on reading a taken file. */
  offsetOf(taken: number): number;
  /** No queue file that was read was taken over under this number or a higher one. */
  readonly nextTaken: number;
  /** Takes the lines over; what stands before `offset` is durable when it returns. */
  accept(lines: readonly QueueLine[], position: { readonly taken: number; readonly offset: number }): Promise<void>;
  /** The taken file is gone. */
  forget(taken: number): void;
  /** No taken files are there but these. */
  forgetAllBut(taken: ReadonlySet<number>): void;
}

export interface TakenFilesOptions {
  readonly spool: string;
  readonly reader: QueueReader;
  readonly clock: Clock;
  /** What was taken over is no queue file; it was put aside. */
  readonly onForeign: (reason: string, aside: string) => void;
}

/**
 * How long a taken file may still be written to: a writer that opened it before it was renamed. The action's time limit
 * in fail2ban is 5 s, after which the writer is killed.
 */
export const graceMs = 10_000;

interface TakenFile {
  /** By the clock's `elapsed`. */
  readonly graceEndsMs: number;
  /** Something may be in it that was not read. */
  isChanged: boolean;
}

/**
 * The files `taken.<number>` of a spool. They are read in the order of their numbers, which is the one in which they were
 * written, and a file is not read before all that the ones before it hold is durable: what fails is tried again, and never
 * put behind what came later.
 */
export class TakenFiles {
  readonly #options: TakenFilesOptions;
  readonly #files = new Map<number, TakenFile>();

  constructor(options: TakenFilesOptions) {
    this.#options = options;
  }

  /** The number for the next file. */
  get next(): number {
    return Math.max(this.#options.reader.nextTaken, ...[...this.#files.keys()].map((number) => number + 1));
  }

  /** Knows what lies in the folder. A file gets its grace, also one of a run before: its writer may be older than this agent. */
  adopt(names: readonly string[]): void {
    const found = new Set(names.map(takenNumber).filter((number) => number !== undefined));
    for (const number of this.#files.keys()) if (!found.has(number)) this.#files.delete(number);
    this.#options.reader.forgetAllBut(found);
    for (const number of found) if (!this.#files.has(number)) this.begin(number);
  }

  /** Where the file with this number is, or will be. */
  pathOf(number: number): string {
    return join(this.#options.spool, `taken.${number}`);
  }

  /** A file was made under this number. */
  begin(number: number): void {
    this.#files.set(number, { graceEndsMs: this.#options.clock.elapsed() + graceMs, isChanged: true });
  }

  /** Something was written to the file of this name. */
  noteChange(name: string): void {
    const file = this.#files.get(takenNumber(name) ?? 0);
    if (file !== undefined) file.isChanged = true;
  }

  /** Reads what was not read. @throws what the file system or the reader throws; nothing that came later was read */
  async read(): Promise<void> {
    for (const [number, file] of this.#inOrder()) if (file.isChanged) await this.#readOne(number, file);
  }

  /** Deletes what was read, and to which no writer can come any more. @throws what the file system or the reader throws */
  async removeRead(): Promise<void> {
    const now = this.#options.clock.elapsed();
    for (const [number, file] of this.#inOrder()) {
      if (file.graceEndsMs > now) continue;
      await this.#readOne(number, file);
      await this.#readRest(number);
      await removeTaken(this.pathOf(number));
      this.#forget(number);
    }
  }

  #inOrder(): readonly (readonly [number, TakenFile])[] {
    return [...this.#files].sort(([a], [b]) => a - b);
  }

  async #readOne(number: number, file: TakenFile): Promise<void> {
    // Before reading: what is written meanwhile is noted anew.
    file.isChanged = false;
    try {
      const path = this.pathOf(number);
      const offset = this.#options.reader.offsetOf(number);
      if ((await sizeOfTaken(path)) <= offset) return;
      for await (const { lines, offset: next } of readTakenLines(path, offset)) await this.#hand(number, lines, next);
    } catch (error) {
      file.isChanged = true;
      if (!(error instanceof NoQueueFileError)) throw error;
      await this.#putAside(number, error);
    }
  }

  async #readRest(number: number): Promise<void> {
    const offset = this.#options.reader.offsetOf(number);
    if ((await sizeOfTaken(this.pathOf(number))) <= offset) return;
    const rest = await readUnfinished(this.pathOf(number), offset);
    if (rest !== undefined) await this.#hand(number, rest.lines, rest.offset);
  }

  #hand(taken: number, lines: readonly QueueLine[], offset: number): Promise<void> {
    return this.#options.reader.accept(lines, { taken, offset });
  }

  async #putAside(number: number, { message }: NoQueueFileError): Promise<void> {
    const aside = join(this.#options.spool, `foreign.${number}`);
    await rename(this.pathOf(number), aside);
    this.#forget(number);
    this.#options.onForeign(message, aside);
  }

  #forget(number: number): void {
    this.#files.delete(number);
    this.#options.reader.forget(number);
  }
}

/** The number of a taken file by its name; undefined for any other name. */
export function takenNumber(name: string): number | undefined {
  const digits = /^taken\.([1-9][0-9]{0,14})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
