/** A token bucket: so much over time, and so much at once. */
export class RateLimit {
  readonly #perSecond: number;
  readonly #burst: number;
  #left: number;
  #filledAtMs: number;

  /** @param nowMs of a clock that never jumps */
  constructor(limit: { readonly perSecond: number; readonly burst: number }, nowMs: number) {
    this.#perSecond = limit.perSecond;
    this.#burst = limit.burst;
    this.#left = limit.burst;
    this.#filledAtMs = nowMs;
  }

  /** Whether it is as good as a new one. */
  isFull(nowMs: number): boolean {
    return this.#leftAt(nowMs) >= this.#burst;
  }

  /** Takes `cost` if it is there. */
  take(cost: number, nowMs: number): boolean {
    this.#left = this.#leftAt(nowMs);
    this.#filledAtMs = nowMs;
    if (this.#left < cost) return false;
    this.#left -= cost;
    return true;
  }

  /** In how many milliseconds `cost` is there, unless others take of it; never for more than there is at once. */
  waitMs(cost: number, nowMs: number): number {
    if (cost > this.#burst) return Number.POSITIVE_INFINITY;
    return Math.max(0, Math.ceil(((cost - this.#leftAt(nowMs)) / this.#perSecond) * 1_000));
  }

  #leftAt(nowMs: number): number {
    return Math.min(this.#burst, this.#left + ((nowMs - this.#filledAtMs) / 1_000) * this.#perSecond);
  }
}
