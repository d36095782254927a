import { type Clock, sleep } from '../../../../shared/clock.ts';

/** What a request costs beside the TLS handshake, in milliseconds. */
export interface Cost {
  readonly writeMs: number;
  readonly writePerEntryMs: number;
  readonly readMs: number;
  readonly readPerEntryMs: number;
}

/** As measured on the real daemons with 2 cores: a write 8 ms and 20 µs an entry under the lock, reads without the lock. */
export const MEASURED_COST: Cost = { writeMs: 8, writePerEntryMs: 0.02, readMs: 2, readPerEntryMs: 0.016 };

/** Costs nothing. */
export const NO_COST: Cost = { writeMs: 0, writePerEntryMs: 0, readMs: 0, readPerEntryMs: 0 };

/** No wait is corrected by more than this, in milliseconds: one very late timer is not paid back by many early ones. */
const MOST_CORRECTION_MS = 1;

/**
 * Makes requests take their time without using the processor. A timer ends on a whole millisecond, up to one too late or
 * too early; what one wait was off is made up by the next, so that many in a row take what they should within microseconds.
 */
export class CostModel {
  readonly #cost: Cost;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #owedMs = 0;

  constructor(cost: Cost, clock: Clock, signal: AbortSignal) {
    this.#cost = cost;
    this.#clock = clock;
    this.#signal = signal;
  }

  /** Waits until a write of a file with so many entries, begun at `startedAt` (elapsed milliseconds), would be done. */
  async spendWrite(startedAt: number, entries: number): Promise<void> {
    await this.#waitUntil(startedAt + this.#cost.writeMs + this.#cost.writePerEntryMs * entries);
  }

  /** The same for reading the file. */
  async spendRead(startedAt: number, entries: number): Promise<void> {
    await this.#waitUntil(startedAt + this.#cost.readMs + this.#cost.readPerEntryMs * entries);
  }

  async #waitUntil(dueAt: number): Promise<void> {
    const remainingMs = dueAt - this.#owedMs - this.#clock.elapsed();
    if (this.#cost === NO_COST || remainingMs <= 0) return;
    await sleep(this.#clock, Math.max(1, Math.round(remainingMs)), this.#signal);
    const lateMs = this.#clock.elapsed() - (dueAt - this.#owedMs);
    this.#owedMs = Math.min(MOST_CORRECTION_MS, Math.max(-MOST_CORRECTION_MS, lateMs));
  }
}
