import type { DesiredEntry, HeldEntry } from './enforcer.ts';
import type { HeldByNetwork } from './held-entries.ts';
import type { Network } from './network.ts';
import { NetworkIndex } from './network-index.ts';
import { inRounds } from './reconcile/in-rounds.ts';

/** How to make a firewall equal to what is desired. */
export interface Plan {
  /** Each client's newest claim first: the attacker of this second does not wait behind a backlog. See {@link inRounds}. */
  readonly additions: readonly DesiredEntry[];
  /** Ours that are no longer desired and may go now, wherever they stand in the order of additions. */
  readonly removals: readonly HeldEntry[];
  /**
   * Ours whose addresses an addition to come takes over (the parts of a CIDR being joined, the whole of one being split):
   * they go after the last addition, so that no address that stays banned is open in between.
   */
  readonly lateRemovals: readonly HeldEntry[];
}

/**
 * An end that is held may be this far from the one that is desired, milliseconds: what is left of a time travels and is
 * shown in whole seconds.
 */
const endTolerance = 5_000;

/**
 * Compares what is desired with what is held.
 *
 * ```
 *              held: nothing     held: ours                         held: theirs
 * desired      add               – (add, when it ends elsewhen)     – (counts as present)
 * not desired  –                 remove                             – (never touched)
 * ```
 *
 * @param impossible desired networks that the firewall does not take; what of ours is inside of one stays in its stead
 */
export function makePlan(
  desired: ReadonlyMap<Network, DesiredEntry>,
  held: HeldByNetwork,
  impossible: ReadonlySet<Network> = new Set(),
): Plan {
  const missing = [...desired.values()].filter((entry) => !isHeld(entry, held));
  const additions = inRounds(missing.filter(({ network }) => !impossible.has(network)));
  const inStead = new NetworkIndex(missing.map(({ network }) => network).filter((network) => impossible.has(network)));
  const unwanted = [...held.values()]
    .flat()
    .filter(({ network, owner }) => owner === 'ours' && !desired.has(network))
    .filter(({ network }) => inStead.size === 0 || inStead.covering(network) === undefined);
  const isTakenOver = takeOverTest(additions, unwanted);
  return {
    additions,
    removals: unwanted.filter((entry) => !isTakenOver(entry)),
    lateRemovals: unwanted.filter(isTakenOver),
  };
}

function isHeld({ network, endsAt }: DesiredEntry, held: HeldByNetwork): boolean {
  const entries = held.get(network) ?? [];
  return entries.some((entry) => entry.endsAt === undefined || isSameEnd(entry.endsAt, endsAt));
}

function isSameEnd(a: number, b: number): boolean {
  return a === b || Math.abs(a - b) <= endTolerance;
}

/** Single addresses never overlap others, so an index is made only of what can. */
function takeOverTest(
  additions: readonly DesiredEntry[],
  unwanted: readonly HeldEntry[],
): (entry: HeldEntry) => boolean {
  const candidates = unwanted.some(isWide) ? additions : additions.filter(isWide);
  if (unwanted.length === 0 || candidates.length === 0) return () => false;
  const index = new NetworkIndex(candidates.map(({ network }) => network));
  return ({ network }) => index.overlapping(network) !== undefined;
}

function isWide({ network }: DesiredEntry | HeldEntry): boolean {
  return network.includes('/');
}
