import {
  addressBits,
  familyOf,
  ipv4FirstOf,
  ipv4From,
  type Network,
  networkFrom,
  prefixLengthOf,
  rangeOf,
} from '../../shared/network.ts';
import { RecentMap } from './recent-map.ts';
import type { CountsOptions } from './repeat-counts.ts';

/** The /24 or /64 around a single address; undefined for a wider network. */
export function neighbourhoodOf(network: Network): Network | undefined {
  const family = familyOf(network);
  if (prefixLengthOf(network) !== addressBits[family]) return undefined;
  if (family === 6) return networkFrom(6, rangeOf(network).first, 64);
  const address = ipv4FirstOf(network);
  return ipv4From(address - (address % 256), 24);
}

/** An address, and when it offended last. */
interface Seen {
  readonly address: Network;
  readonly at: number;
}

/** How many distinct addresses of each neighbourhood offended within a time. An address counts as one offence. */
export class NeighbourCounts {
  readonly #options: CountsOptions;
  /** The longest ago first. Mostly one or two, for which a Map of their own would cost more. */
  readonly #seen: RecentMap<Seen[]>;

  constructor(options: CountsOptions) {
    const { keptMax: most, withinMs: idleMs } = options;
    this.#options = options;
    this.#seen = new RecentMap({ weigh: (seen) => seen.length, most, idleMs });
  }

  /** Addresses that are kept, of all neighbourhoods. */
  get size(): number {
    return this.#seen.weight;
  }

  /** @returns how many addresses of it count now */
  add(neighbourhood: Network, address: Network, at: number): number {
    const seen = this.#seen.take(neighbourhood) ?? [];
    remove(seen, address);
    seen.push({ address, at });
    this.#shorten(seen, at);
    this.#seen.put(neighbourhood, seen, at);
    return seen.length;
  }

  /** A neighbourhood as a whole. */
  forget(neighbourhood: Network): void {
    this.#seen.take(neighbourhood);
  }

  /** One address of a neighbourhood, at an instant. */
  forgetAddress(neighbourhood: Network, address: Network, at: number): void {
    const seen = this.#seen.take(neighbourhood);
    if (seen === undefined) return;
    remove(seen, address);
    if (seen.length > 0) this.#seen.put(neighbourhood, seen, at);
  }

  #shorten(seen: Seen[], now: number): void {
    const { withinMs, countMax } = this.#options;
    while (seen.length > countMax || (seen[0]?.at ?? now) <= now - withinMs) seen.shift();
  }
}

function remove(seen: Seen[], address: Network): void {
  const at = seen.findIndex((each) => each.address === address);
  if (at >= 0) seen.splice(at, 1);
}
