import { appendFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff } from '../shared/backoff.ts';
import { Bell } from '../shared/bell.ts';
import { type Clock, sleep } from '../shared/clock.ts';
import { isAbsent } from '../shared/host/absent-file.ts';
import { sizeOf } from './durable-file.ts';
import type { QueueLine } from './queue-line.ts';
import { makeSpool, Spool, SpoolLostError } from './spool.ts';
import { readTakenLines, readUnfinished, removeTaken, type TakenLines } from './taken-file.ts';
import { readUnread, type Unread } from './unread.ts';

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

export interface QueueOptions {
  readonly spool: string;
  readonly reader: QueueReader;
  readonly clock: Clock;
  readonly random: () => number;
  /** Lines cannot be taken over now (a full disk); they stay where they are and are tried again. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * How long a taken file may still be written to: a writer that opened it before it was renamed. The action's time limit
 * in fail2ban is 5 s, after which the writer is killed.
 */
export const graceMs = 10_000;
/** Looks without being told to, should a notice of the file system be lost. */
export const pollMs = 1_000;
const retryBounds = { leastMs: 1_000, mostMs: 30_000 };

/**
 * Takes over what fail2ban's action appended to `queue`: renames it to `taken.<number>`, reads it at once, reads on
 * whatever a late writer adds, and deletes it when its time is over and its lines are durable.
 */
export class Queue {
  readonly #options: QueueOptions;
  readonly #bell = new Bell();
  readonly #backoff: Backoff;
  readonly #spool: Spool;
  /** When each taken file's grace ends, by the clock's `elapsed`. */
  readonly #graceEnds = new Map<number, number>();
  readonly #changed = new Set<number>();
  #highest = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#backoff = new Backoff(retryBounds, options.random);
    this.#spool = new Spool({
      path: options.spool,
      onChange: (name) => this.#notice(name),
      onFailure: options.onFailure,
    });
  }

  /** Runs until aborted. @throws SpoolLostError */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.#spool.ensure();
      await this.#adopt();
      while (!signal.aborted) await this.#turn(signal);
    } finally {
      this.#spool.close();
    }
  }

  /** The folder of the queue. */
  get spool(): string {
    return this.#options.spool;
  }

  /** What is not taken over yet; undefined when there is nothing. */
  unread(): Promise<Unread | undefined> {
    return readUnread(this.#options.spool, (name) => {
      const taken = takenNumber(name);
      if (taken === undefined) return name === queueName ? 0 : undefined;
      return this.#options.reader.offsetOf(taken);
    });
  }

  /** A taken file of the run before gets its grace again: its writer may be older than this agent. */
  async #adopt(): Promise<void> {
    const names = await readdir(this.#options.spool);
    const taken = new Set(names.map(takenNumber).filter((number) => number !== undefined));
    this.#options.reader.forgetAllBut(taken);
    for (const number of taken) this.#begin(number);
  }

  async #turn(signal: AbortSignal): Promise<void> {
    try {
      await this.#spool.ensure();
      await this.#pass();
      this.#backoff.reset();
    } catch (error) {
      // The unit makes the folder before it confines the agent: only a new start helps.
      if (error instanceof SpoolLostError) throw error;
      this.#options.onFailure(error);
      for (const taken of this.#graceEnds.keys()) this.#changed.add(taken);
      return sleep(this.#options.clock, this.#backoff.next(), signal);
    }
    return this.#bell.wait(this.#options.clock, pollMs, signal);
  }

  async #pass(): Promise<void> {
    await this.#takeOver();
    for (const taken of this.#changed) {
      this.#changed.delete(taken);
      await this.#read(taken);
    }
    const now = this.#options.clock.elapsed();
    for (const [taken, endsAt] of this.#graceEnds) if (endsAt <= now) await this.#finish(taken);
  }

  async #takeOver(): Promise<void> {
    const taken = Math.max(this.#highest + 1, this.#options.reader.nextTaken);
    try {
      await rename(join(this.#options.spool, queueName), this.#pathOf(taken));
    } catch (error) {
      if (isAbsent(error)) return;
      throw error;
    }
    this.#begin(taken);
  }

  #begin(taken: number): void {
    this.#highest = Math.max(this.#highest, taken);
    this.#graceEnds.set(taken, this.#options.clock.elapsed() + graceMs);
    this.#changed.add(taken);
  }

  async #read(taken: number): Promise<void> {
    const path = this.#pathOf(taken);
    const offset = this.#options.reader.offsetOf(taken);
    if ((await sizeOf(path)) <= offset) return;
    for await (const read of readTakenLines(path, offset)) await this.#hand(taken, read);
  }

  async #finish(taken: number): Promise<void> {
    const { reader } = this.#options;
    await this.#read(taken);
    const rest = await readUnfinished(this.#pathOf(taken), reader.offsetOf(taken));
    if (rest !== undefined) await this.#hand(taken, rest);
    // Before the file goes: the notice of its going must not have it read again.
    this.#graceEnds.delete(taken);
    this.#changed.delete(taken);
    await removeTaken(this.#pathOf(taken));
    reader.forget(taken);
  }

  #hand(taken: number, { lines, offset }: TakenLines): Promise<void> {
    return this.#options.reader.accept(lines, { taken, offset });
  }

  #notice(name: string | null): void {
    const taken = takenNumber(name ?? '');
    if (taken !== undefined && this.#graceEnds.has(taken)) this.#changed.add(taken);
    if (taken !== undefined || name === queueName || name === null) this.#bell.ring();
  }

  #pathOf(taken: number): string {
    return join(this.#options.spool, `taken.${taken}`);
  }
}

const queueName = 'queue';

/** Appends a line to the queue as the action does, for an agent that is not running. */
export async function appendToQueue(spool: string, line: string): Promise<void> {
  await makeSpool(spool);
  await appendFile(join(spool, queueName), line, { mode: 0o600 });
}

function takenNumber(name: string): number | undefined {
  const digits = /^taken\.([1-9][0-9]{0,14})$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
