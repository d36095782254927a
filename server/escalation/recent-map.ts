import type { Network } from '../../shared/network.ts';

export interface RecentMapOptions<Value> {
  /** How much a value weighs against `most`: at most half of that, each. */
  readonly weigh: (value: Value) => number;
  readonly most: number;
  /** What was not touched for so long goes too, sooner or later. */
  readonly idleMs: number;
}

/**
 * Keeps by network what was touched last, in two generations: when the young one weighs half of what is allowed, or is old
 * enough, it becomes the old one, and that is forgotten as a whole. So between half and all of `most` is kept. To forget one
 * at a time from the front of one map is no way: a Map walks over all that was deleted there before.
 */
export class RecentMap<Value> {
  readonly #options: RecentMapOptions<Value>;
  #young = new Map<Network, Value>();
  #old = new Map<Network, Value>();
  #youngWeight = 0;
  #oldWeight = 0;
  #youngSince: number | undefined;

  constructor(options: RecentMapOptions<Value>) {
    this.#options = options;
  }

  get weight(): number {
    return this.#youngWeight + this.#oldWeight;
  }

  get count(): number {
    return this.#young.size + this.#old.size;
  }

  /** Takes a value out, to be put back when it is changed. */
  take(network: Network): Value | undefined {
    const young = this.#young.get(network);
    if (young !== undefined) {
      this.#young.delete(network);
      this.#youngWeight -= this.#options.weigh(young);
      return young;
    }
    const old = this.#old.get(network);
    if (old === undefined) return undefined;
    this.#old.delete(network);
    this.#oldWeight -= this.#options.weigh(old);
    return old;
  }

  /** Puts in what is not there. */
  put(network: Network, value: Value, now: number): void {
    const weight = this.#options.weigh(value);
    const { most, idleMs } = this.#options;
    this.#youngSince ??= now;
    // A clock that was set back must not keep everything for as long as that was.
    if (this.#youngWeight + weight > most / 2 || Math.abs(now - this.#youngSince) > idleMs) this.#turn(now);
    this.#young.set(network, value);
    this.#youngWeight += weight;
  }

  #turn(now: number): void {
    this.#old = this.#young;
    this.#oldWeight = this.#youngWeight;
    this.#young = new Map();
    this.#youngWeight = 0;
    this.#youngSince = now;
  }
}
