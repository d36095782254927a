import type { DesiredEntry, HeldEntry } from './enforcer.ts';
import { addressBits, familyOf, type Network, prefixLengthOf } from './network.ts';
import { NetworkIndex } from './network-index.ts';

/** What a firewall holds, by network; hand-written files may hold one network in several spellings. */
export type Held = ReadonlyMap<Network, readonly HeldEntry[]>;

/** How to make a firewall equal to what is desired. */
export interface Plan {
  /** Newest claim first: the attacker of this second does not wait behind a backlog. */
  readonly additions: readonly DesiredEntry[];
  /** Ours that are no longer desired and may go now, wherever they stand in the order of additions. */
  readonly removals: readonly HeldEntry[];
  /** Ours that still cover an addition to come (a merged CIDR being split): they go after the last addition. */
  readonly lateRemovals: readonly HeldEntry[];
}

/**
 * Compares what is desired with what is held.
 *
 * ```
 *              held: nothing     held: ours        held: theirs
 * desired      add               –                 – (counts as present)
 * not desired  –                 remove            – (never touched)
 * ```
 */
export function makePlan(desired: ReadonlyMap<Network, DesiredEntry>, held: Held): Plan {
  const additions = [...desired.values()].filter(({ network }) => !held.has(network));
  additions.sort((a, b) => b.order - a.order);
  const unwanted = [...held.values()].flat().filter(({ network, owner }) => owner === 'ours' && !desired.has(network));
  const coversAddition = coverTest(additions, unwanted);
  return {
    additions,
    removals: unwanted.filter((entry) => !coversAddition(entry)),
    lateRemovals: unwanted.filter(coversAddition),
  };
}

/** Single addresses cover nothing, so the index is made only when a wider entry is to go. */
function coverTest(additions: readonly DesiredEntry[], unwanted: readonly HeldEntry[]): (entry: HeldEntry) => boolean {
  if (!unwanted.some(isWide)) return () => false;
  const index = new NetworkIndex(additions.map(({ network }) => network));
  return (entry) => isWide(entry) && index.within(entry.network).length > 0;
}

function isWide({ network }: HeldEntry): boolean {
  return prefixLengthOf(network) < addressBits[familyOf(network)];
}

/** Groups a listing by network. */
export function groupHeld(entries: Iterable<HeldEntry>): Map<Network, readonly HeldEntry[]> {
  const held = new Map<Network, readonly HeldEntry[]>();
  for (const entry of entries) held.set(entry.network, [...(held.get(entry.network) ?? []), entry]);
  return held;
}
