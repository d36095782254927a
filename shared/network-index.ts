import { type Family, familyOf, type Network, type NetworkRange, rangeOf } from './network.ts';

interface Placed {
  readonly network: Network;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefixLength: number;
  /** The narrowest other member that covers this one. */
  readonly parent: Placed | undefined;
}

/**
 * A fixed set of networks that answers overlap in both directions in a few microseconds, however many there are.
 *
 * CIDRs nest or are apart, so one array sorted by first address, each member knowing its parent, is enough:
 *
 * ```
 *   sorted   10.0.0.0/8   10.1.0.0/16   10.1.2.0/24   11.0.0.0/8
 *   parent   –            10.0.0.0/8    10.1.0.0/16   –
 *   covering 10.1.3.4  → the last member that starts at or before it is 10.1.2.0/24; climb to 10.1.0.0/16
 *   within   10.0.0.0/9 → the members from its first address on, up to its last
 * ```
 */
export class NetworkIndex {
  readonly #sorted: Readonly<Record<Family, readonly Placed[]>>;
  readonly #members: ReadonlySet<Network>;

  constructor(networks: Iterable<Network> = []) {
    this.#members = new Set(networks);
    const all = [...this.#members];
    this.#sorted = {
      4: place(all.filter((network) => familyOf(network) === 4)),
      6: place(all.filter((network) => familyOf(network) === 6)),
    };
  }

  get size(): number {
    return this.#members.size;
  }

  has(network: Network): boolean {
    return this.#members.has(network);
  }

  /** The narrowest member that covers `network`, itself included. */
  covering(network: Network): Network | undefined {
    return this.#around(rangeOf(network));
  }

  /** The members that `network` covers, itself included. */
  within(network: Network): Network[] {
    const range = rangeOf(network);
    const sorted = this.#sorted[range.family];
    const found: Network[] = [];
    for (let at = lowerBound(sorted, range.first, range.prefixLength); at < sorted.length; at += 1) {
      const member = sorted[at];
      if (member === undefined || member.first > range.last) break;
      found.push(member.network);
    }
    return found;
  }

  /** A member that shares an address with `network`, in either direction. */
  overlapping(network: Network): Network | undefined {
    const range = rangeOf(network);
    return this.#around(range) ?? this.#firstIn(range);
  }

  #around(range: NetworkRange): Network | undefined {
    const sorted = this.#sorted[range.family];
    let candidate = sorted[lowerBound(sorted, range.first, range.prefixLength + 1) - 1];
    while (candidate !== undefined && candidate.last < range.last) candidate = candidate.parent;
    return candidate?.network;
  }

  #firstIn(range: NetworkRange): Network | undefined {
    const sorted = this.#sorted[range.family];
    const member = sorted[lowerBound(sorted, range.first, range.prefixLength)];
    return member !== undefined && member.first <= range.last ? member.network : undefined;
  }
}

/**
 * Copies what ranges say: they are made for each look-up, and V8 would give each one room among what lives long, with all that hangs
 * on it, had it seen some that do.
 */
function place(networks: readonly Network[]): Placed[] {
  const sorted = networks.map(unplaced).sort((a, b) => compare(a.first, b.first) || a.prefixLength - b.prefixLength);
  const open: Placed[] = [];
  return sorted.map(({ network, first, last, prefixLength }) => {
    while (open.length > 0 && (open.at(-1)?.last ?? 0n) < first) open.pop();
    const placed = { network, first, last, prefixLength, parent: open.at(-1) };
    open.push(placed);
    return placed;
  });
}

function unplaced(network: Network): Omit<Placed, 'parent'> {
  const { first, last, prefixLength } = rangeOf(network);
  return { network, first, last, prefixLength };
}

/** The position of the first member that is not before (first, prefixLength). */
function lowerBound(sorted: readonly Placed[], first: bigint, prefixLength: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const member = sorted[middle];
    if (member !== undefined && (compare(member.first, first) || member.prefixLength - prefixLength) < 0)
      low = middle + 1;
    else high = middle;
  }
  return low;
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
