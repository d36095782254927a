import type { Clock } from '../shared/clock.ts';

interface Timer {
  readonly dueAt: number;
  readonly then: () => void;
}

/** A clock that only a test moves. `now` and `elapsed` run together from `startAt`, until the clock is set. */
export class ManualClock implements Clock {
  #startAt: number;
  readonly #timers = new Set<Timer>();
  #elapsed = 0;

  /** @param startAt milliseconds since the epoch */
  constructor(startAt = Date.UTC(2026, 0, 1)) {
    this.#startAt = startAt;
  }

  now(): number {
    return this.#startAt + this.#elapsed;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  after(delayMs: number, then: () => void): () => void {
    const timer = { dueAt: this.#elapsed + delayMs, then };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Sets the clock forward or back: `now` jumps, nothing else. */
  set(byMs: number): void {
    this.#startAt += byMs;
  }

  /** How many timers are set. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, or undefined without one. */
  get nextInMs(): number | undefined {
    const next = this.#next();
    return next && next.dueAt - this.#elapsed;
  }

  /** Lets `ms` pass; the timers that come due run in their order, each at its own time. */
  advance(ms: number): void {
    const until = this.#elapsed + ms;
    for (let timer = this.#next(); timer !== undefined && timer.dueAt <= until; timer = this.#next()) {
      this.#timers.delete(timer);
      this.#elapsed = Math.max(this.#elapsed, timer.dueAt);
      timer.then();
    }
    this.#elapsed = until;
  }

  #next(): Timer | undefined {
    return [...this.#timers].reduce<Timer | undefined>(
      (next, timer) => (next === undefined || timer.dueAt < next.dueAt ? timer : next),
      undefined,
    );
  }
}
