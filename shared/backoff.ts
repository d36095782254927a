/** Growing, jittered pauses between tries, so that a thousand agents do not come back in the same second. */
export class Backoff {
  readonly #leastMs: number;
  readonly #mostMs: number;
  readonly #random: () => number;
  #failures = 0;

  /** @param random a number from 0 up to 1, as Math.random. */
  constructor(bounds: { readonly leastMs: number; readonly mostMs: number }, random: () => number) {
    this.#leastMs = bounds.leastMs;
    this.#mostMs = bounds.mostMs;
    this.#random = random;
  }

  /** Milliseconds to wait now: between half and all of a bound that doubles with each failure. */
  next(): number {
    const bound = Math.min(this.#mostMs, this.#leastMs * 2 ** Math.min(this.#failures, 30));
    this.#failures += 1;
    return bound * (0.5 + this.#random() / 2);
  }

  /** After a success. */
  reset(): void {
    this.#failures = 0;
  }
}
