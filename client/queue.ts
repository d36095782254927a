import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff } from '../shared/backoff.ts';
import { Bell } from '../shared/bell.ts';
import { type Clock, sleep } from '../shared/clock.ts';
import { isAbsent } from '../shared/host/absent-file.ts';
import { appendDurably } from '../shared/host/durable-file.ts';
import { Serial } from '../shared/serial.ts';
import { type QueueReader, TakenFiles, type TakenFilesOptions, takenNumber } from './queue/taken-files.ts';
import { makeSpool, Spool, SpoolLostError } from './spool.ts';
import { readUnread, type Unread } from './unread.ts';

export interface QueueOptions extends Pick<TakenFilesOptions, 'onForeign'> {
  readonly spool: string;
  readonly reader: QueueReader;
  readonly clock: Clock;
  readonly random: () => number;
  /** Lines cannot be taken over now (a full disk); they stay where they are and are tried again. */
  readonly onFailure: (error: unknown) => void;
  /** All that was there is taken over. */
  readonly onSuccess: () => void;
}

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
  readonly #taken: TakenFiles;
  readonly #passes = new Serial();
  /** Whether what lies in the folder is known. */
  #isKnown = false;
  #isOver = false;

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#backoff = new Backoff(retryBounds, options.random);
    this.#taken = new TakenFiles(options);
    this.#spool = new Spool({
      path: options.spool,
      onChange: (name) => this.#notice(name),
      onFailure: options.onFailure,
    });
  }

  /** Runs until aborted. @throws SpoolLostError */
  async run(signal: AbortSignal): Promise<void> {
    try {
      // Without a folder for the queue an agent is of no use: that is said at once.
      await this.#passes.inTurn(() => this.#look());
      while (!signal.aborted) await this.#turn(signal);
    } finally {
      await this.#passes.inTurn(() => this.#end());
    }
  }

  /** The folder of the queue. */
  get spool(): string {
    return this.#options.spool;
  }

  /**
   * Does something behind all that was written to the queue until now, and before what is written later.
   *
   * @throws what the file system or the reader throws: then not all of it could be taken over, and nothing was done
   */
  behind<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.#passes.inTurn(async () => {
      await this.#pass();
      return work();
    });
  }

  /** What is not taken over yet; undefined when there is nothing. */
  unread(): Promise<Unread | undefined> {
    return readUnread(this.#options.spool, (name) => {
      const taken = takenNumber(name);
      if (taken === undefined) return name === queueName ? 0 : undefined;
      return this.#options.reader.offsetOf(taken);
    });
  }

  async #turn(signal: AbortSignal): Promise<void> {
    try {
      await this.#passes.inTurn(() => this.#pass());
      this.#backoff.reset();
      this.#options.onSuccess();
    } catch (error) {
      // The unit makes the folder before it confines the agent: only a new start helps.
      if (error instanceof SpoolLostError) throw error;
      this.#options.onFailure(error);
      return sleep(this.#options.clock, this.#backoff.next(), signal);
    }
    return this.#bell.wait(this.#options.clock, pollMs, signal);
  }

  async #pass(): Promise<void> {
    if (this.#isOver) throw new Error('the agent stops');
    await this.#look();
    // What was taken over before goes first; a queue that must wait behind it is left to grow in one file.
    await this.#taken.read();
    if (await this.#takeOver()) await this.#taken.read();
    await this.#taken.removeRead();
  }

  /** Makes the folder where it is missing, and knows what lies in it. */
  async #look(): Promise<void> {
    if (await this.#spool.ensure()) this.#isKnown = false;
    if (!this.#isKnown) this.#taken.adopt(await readdir(this.#options.spool));
    this.#isKnown = true;
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    this.#spool.close();
  }

  /** @returns whether there was a queue */
  async #takeOver(): Promise<boolean> {
    const number = this.#taken.next;
    try {
      await rename(join(this.#options.spool, queueName), this.#taken.pathOf(number));
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
    this.#taken.begin(number);
    return true;
  }

  #notice(name: string | null): void {
    this.#taken.noteChange(name ?? '');
    if (name === null || name === queueName || takenNumber(name) !== undefined) this.#bell.ring();
  }
}

const queueName = 'queue';

/**
 * Appends a line to the queue as the action does, for an agent that cannot take it over now. Durable when it returns: whoever gave it
 * is told that it is kept.
 *
 * @throws Error that names the file
 */
export async function appendToQueue(spool: string, line: string): Promise<void> {
  await makeSpool(spool);
  await appendDurably(join(spool, queueName), line);
}
