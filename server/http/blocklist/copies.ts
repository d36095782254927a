import { blocklistLimits } from './blocklist-limits.ts';

/** A list as it was made. */
export interface Copy {
  readonly body: Buffer;
  readonly tag: string;
  /** Of everything that decides its content: it is good for this alone. */
  readonly version: string;
  /** By the host's clock, milliseconds since the epoch: when the first of its entries ends. */
  readonly endsAt: number;
  /** By a clock that never jumps. */
  readonly staleAtMs: number;
}

/** What decides whether a copy is still good. */
export interface Moment {
  readonly version: string;
  readonly now: number;
  readonly nowMs: number;
}

/** Lists that were asked for last, by all that they were asked with. What was not used longest goes first. */
export class Copies {
  readonly #copies = new Map<string, Copy>();
  #bytes = 0;

  get count(): number {
    return this.#copies.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A copy that is still good. */
  get(key: string, { version, now, nowMs }: Moment): Copy | undefined {
    const copy = this.#copies.get(key);
    if (copy === undefined || copy.version !== version || now >= copy.endsAt || nowMs >= copy.staleAtMs)
      return undefined;
    this.#copies.delete(key);
    this.#copies.set(key, copy);
    return copy;
  }

  put(key: string, copy: Copy): void {
    this.#delete(key);
    if (copy.body.length > blocklistLimits.copiesMaxBytes) return;
    this.#copies.set(key, copy);
    this.#bytes += copy.body.length;
    while (this.#copies.size > blocklistLimits.copiesMax || this.#bytes > blocklistLimits.copiesMaxBytes) {
      const [oldest] = this.#copies.keys();
      if (oldest === undefined) return;
      this.#delete(oldest);
    }
  }

  #delete(key: string): void {
    this.#bytes -= this.#copies.get(key)?.body.length ?? 0;
    this.#copies.delete(key);
  }
}
