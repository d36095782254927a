import { Backoff } from '../../shared/backoff.ts';
import { Bell } from '../../shared/bell.ts';
import { type Clock, sleep } from '../../shared/clock.ts';
import { Serial } from '../../shared/serial.ts';
import { type Batch, type Channel, DeliveryError } from './channel.ts';
import type { Notice, Told } from './notice.ts';
import { ageMaxMs, NoticeQueue, togetherMs } from './notice-queue.ts';
import type { NoticeFilter } from './notification-settings.ts';

/** A channel as the main file opened it. */
export interface OpenedChannel {
  readonly channel: Channel;
  readonly filter: NoticeFilter;
}

/** What became of telling, for log lines. */
export type DeliveryEvent =
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'recovered' }
  | { readonly kind: 'dropped'; readonly count: number };

export interface DeliveryOptions {
  readonly opened: OpenedChannel;
  readonly clock: Clock;
  readonly random: () => number;
  /** A name that no batch and no event of any start of this server had before. */
  readonly newId: () => string;
  readonly onEvent: (channel: string, event: DeliveryEvent) => void;
}

export type DeliveryState =
  | { readonly kind: 'good' }
  /** `sinceMs` on the clock's `elapsed`. */
  | { readonly kind: 'failing'; readonly reason: string; readonly sinceMs: number };

/** What is told within this time goes together. */
export const gatherMs = 1_000;
/** Events in one batch. */
export const batchMax = 100;
const retryBounds = { leastMs: 1_000, mostMs: 300_000 };

/**
 * Tells one channel what it wants to know, batch after batch. Best effort: what it is still to be told is in memory only,
 * bounded in count and age, and what is dropped is counted. Nothing else waits for it.
 */
export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #queue: NoticeQueue;
  readonly #backoff: Backoff;
  /** Ends a wait for something to tell, and the pause after a failure. */
  readonly #bell = new Bell();
  readonly #hurry = new Bell();
  /** The test that an operator asks for does not come between a batch and its answer. */
  readonly #turns = new Serial();
  #state: DeliveryState = { kind: 'good' };
  #delivered = 0;
  #dropped = 0;
  /** Not told to the channel yet. */
  #droppedSince = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#queue = new NoticeQueue(options.opened.filter);
    this.#backoff = new Backoff(retryBounds, options.random);
  }

  get name(): string {
    return this.#options.opened.channel.name;
  }

  get filter(): NoticeFilter {
    return this.#options.opened.filter;
  }

  /** Counts are of events, since the start. */
  get status() {
    return {
      name: this.name,
      state: this.#state,
      waiting: this.#queue.size,
      delivered: this.#delivered,
      dropped: this.#dropped,
    };
  }

  /** Returns at once. */
  tell(notice: Notice): void {
    const { clock } = this.#options;
    const wasEmpty = this.#queue.size === 0;
    this.#queue.add(notice, clock.now(), clock.elapsed());
    if (wasEmpty && this.#queue.size > 0) this.#bell.ring();
  }

  /** Tells a test, before what waits. @throws DeliveryError */
  async test(signal: AbortSignal): Promise<void> {
    const told: Told = { notice: { kind: 'test' }, at: this.#options.clock.now(), count: 1 };
    const batch = this.#batchOf([told], 0);
    await this.#turns.inTurn(() => this.#options.opened.channel.send(batch, signal));
    this.#hurry.ring();
  }

  /** Works until aborted. What waits by then is lost. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, opened } = this.#options;
    while (!signal.aborted) {
      const idleMs = this.#queue.isRemembering ? togetherMs : undefined;
      if (this.#queue.size === 0) await this.#bell.wait(clock, idleMs, signal);
      await sleep(clock, gatherMs, signal);
      await this.#tellNext(signal);
    }
    opened.channel.close();
  }

  async #tellNext(signal: AbortSignal): Promise<void> {
    const events = this.#queue.take(batchMax, this.#options.clock.elapsed());
    this.#noteDropped(this.#queue.takeDropped());
    if (events.length === 0 || signal.aborted) return;
    const batch = this.#batchOf(events, this.#droppedSince);
    if (await this.#deliver(batch, signal)) {
      this.#delivered += events.length;
      this.#droppedSince -= batch.dropped;
    } else if (!signal.aborted) this.#noteDropped(events.reduce((count, told) => count + told.count, 0));
  }

  /** Tries until it is taken, is not wanted, or is too old. @returns whether it was taken */
  async #deliver(batch: Batch, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#options;
    const untilMs = clock.elapsed() + ageMaxMs;
    while (!signal.aborted && clock.elapsed() <= untilMs) {
      const failure = await this.#attempt(batch, signal);
      if (failure === undefined) return true;
      if (failure.code === 'rejected') return false;
      await this.#hurry.wait(clock, this.#backoff.next(), signal);
    }
    return false;
  }

  async #attempt(batch: Batch, signal: AbortSignal): Promise<DeliveryError | undefined> {
    const { opened, onEvent } = this.#options;
    try {
      await this.#turns.inTurn(() => opened.channel.send(batch, signal));
    } catch (error) {
      if (signal.aborted) return new DeliveryError('retry', 'the server ends', { cause: error });
      if (!(error instanceof DeliveryError)) throw error;
      this.#noteFailure(error.message);
      return error;
    }
    this.#backoff.reset();
    if (this.#state.kind === 'failing') onEvent(this.name, { kind: 'recovered' });
    this.#state = { kind: 'good' };
    return undefined;
  }

  #noteFailure(reason: string): void {
    const { clock, onEvent } = this.#options;
    const isNew = this.#state.kind !== 'failing' || this.#state.reason !== reason;
    const sinceMs = this.#state.kind === 'failing' ? this.#state.sinceMs : clock.elapsed();
    this.#state = { kind: 'failing', reason, sinceMs };
    if (isNew) onEvent(this.name, { kind: 'failed', reason });
  }

  #noteDropped(count: number): void {
    if (count === 0) return;
    this.#dropped += count;
    this.#droppedSince += count;
    this.#options.onEvent(this.name, { kind: 'dropped', count });
  }

  #batchOf(events: readonly Told[], dropped: number): Batch {
    const { newId } = this.#options;
    return { id: newId(), dropped, events: events.map((told) => ({ id: newId(), told })) };
  }
}
