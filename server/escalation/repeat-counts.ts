import type { Network } from '../../shared/network.ts';
import { RecentMap } from './recent-map.ts';

/**
 * Offences of one network that follow each other faster are one: several hosts report one attacker at once, and recidive
 * reports what its neighbour jail reported.
 */
export const sameOffenceMs = 60_000;

export interface CountsOptions {
  readonly withinMs: number;
  /** Offences of one network that are kept; the count goes no further. */
  readonly countMax: number;
  /** Offences that are kept in all, of the networks that offended last. At least twice `countMax`. */
  readonly keptMax: number;
}

/** How often each network offended within a time. Every call takes about the same time, however many networks there are. */
export class RepeatCounts {
  readonly #options: CountsOptions;
  /** When each network offended, the oldest first. */
  readonly #times: RecentMap<number[]>;

  constructor(options: CountsOptions) {
    const { keptMax: most, withinMs: idleMs } = options;
    this.#options = options;
    this.#times = new RecentMap({ weigh: (times) => times.length, most, idleMs });
  }

  /** Offences that are kept, of all networks. */
  get size(): number {
    return this.#times.weight;
  }

  get networks(): number {
    return this.#times.count;
  }

  /** @returns how many offences of this network count now, or 0 when this is one with the last */
  add(network: Network, at: number): number {
    const times = this.#times.take(network) ?? [];
    const last = times.at(-1);
    // Of what a clock that was set back leaves in the future, nothing is so near.
    const isSame = last !== undefined && Math.abs(at - last) < sameOffenceMs;
    if (!isSame) times.push(at);
    this.#shorten(times, at);
    this.#times.put(network, times, at);
    return isSame ? 0 : times.length;
  }

  forget(network: Network): void {
    this.#times.take(network);
  }

  #shorten(times: number[], now: number): void {
    const { withinMs, countMax } = this.#options;
    while (times.length > countMax || (times[0] ?? now) <= now - withinMs) times.shift();
  }
}
