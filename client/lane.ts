import type { EventResult } from '../shared/frames.ts';
import type { ReceivedCode } from '../shared/refusal.ts';
import { keyOf, type NumberedEvent } from './outbox-event.ts';

/** A server's answer to one event. */
export type Answered = EventResult<ReceivedCode>;

/** What became of one event at one server. `superseded`: a later event of the same jail and network took its place. */
export type Outcome = Answered | { readonly number: number; readonly outcome: 'superseded' };

/** Commands that wait for an outcome at once; the one that has waited longest is forgotten, and gives up by its own time. */
export const watchersMax = 1_000;

/**
 * What one server has still to acknowledge. Of a jail and network only the last event is kept, so the lane is never
 * longer than the networks it is about, however long the server is away. Kept in the order of the numbers.
 */
export class Lane {
  readonly #onAdded: () => void;
  readonly #pending = new Map<string, NumberedEvent>();
  readonly #watchers = new Map<number, (outcome: Outcome) => void>();
  #last: number;

  /** @param cursor all up to this number is acknowledged */
  constructor(cursor: number, onAdded: () => void) {
    this.#last = cursor;
    this.#onAdded = onAdded;
  }

  /** How many events wait. */
  get waiting(): number {
    return this.#pending.size;
  }

  /** The event that has waited longest. */
  get oldest(): NumberedEvent | undefined {
    return this.#pending.values().next().value;
  }

  /** All up to this number is acknowledged or superseded. */
  get cursor(): number {
    const oldest = this.oldest;
    return oldest === undefined ? this.#last : oldest.number - 1;
  }

  /** Takes a new event, numbered higher than all before it. */
  add(event: NumberedEvent): void {
    const key = keyOf(event);
    const before = this.#pending.get(key);
    // Deleted first, so that the order of the map stays the order of the numbers.
    this.#pending.delete(key);
    this.#pending.set(key, event);
    this.#last = event.number;
    if (before !== undefined) this.#tell({ number: before.number, outcome: 'superseded' });
    this.#onAdded();
  }

  /** The first events in their order, at most `most`, all of one stream. */
  first(most: number): NumberedEvent[] {
    const events: NumberedEvent[] = [];
    for (const event of this.#pending.values()) {
      if (events.length >= most || event.stream !== this.oldest?.stream) break;
      events.push(event);
    }
    return events;
  }

  events(): Iterable<NumberedEvent> {
    return this.#pending.values();
  }

  /** Whether this event is still the last word on its network. */
  holds(event: NumberedEvent): boolean {
    return this.#pending.get(keyOf(event))?.number === event.number;
  }

  /** The server has the last word on this event: it waits no longer. */
  settle(event: NumberedEvent, result: Answered): void {
    if (this.holds(event)) this.#pending.delete(keyOf(event));
    this.#tell(result);
  }

  /** Calls `then` once with what becomes of an event that was just added. The returned function ends the watch. */
  watch(number: number, then: (outcome: Outcome) => void): () => void {
    this.#watchers.set(number, then);
    const [longest] = this.#watchers.keys();
    if (this.#watchers.size > watchersMax && longest !== undefined) this.#watchers.delete(longest);
    return () => this.#watchers.delete(number);
  }

  #tell(outcome: Outcome): void {
    const then = this.#watchers.get(outcome.number);
    this.#watchers.delete(outcome.number);
    then?.(outcome);
  }
}
