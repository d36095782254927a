import type { DesiredEntry, HeldEntry, Step } from '../enforcer.ts';
import type { Network } from '../network.ts';
import { NetworkIndex } from '../network-index.ts';
import type { Plan } from '../plan.ts';

/** A plan for a firewall that has no room for all additions before the first removal. */
export interface TightPlan {
  /** Those that take over nothing. */
  readonly additions: readonly DesiredEntry[];
  readonly removals: readonly HeldEntry[];
  /** Each entry that takes addresses over, with what it takes them over from right behind it. */
  readonly takeOvers: readonly Step[];
}

/**
 * Brings together what takes addresses over and what it takes them over from, so that both stand for as short as may be, what makes room
 * first:
 *
 * ```
 *   joined   add 192.0.2.0/31, remove 192.0.2.0, remove 192.0.2.1
 *   split    add 192.0.2.0, add 192.0.2.2/31, remove 192.0.2.0/30
 * ```
 */
export function tighten({ additions, removals, lateRemovals }: Plan): TightPlan {
  const late = new NetworkIndex(lateRemovals.map(({ network }) => network));
  const wide = new NetworkIndex(additions.map(({ network }) => network));
  const groups = new Map<Network, Group>();
  const groupOf = (network: Network): Group => {
    const group = groups.get(network) ?? { additions: [], removals: [] };
    groups.set(network, group);
    return group;
  };
  const plain: DesiredEntry[] = [];
  for (const entry of additions) {
    if (late.overlapping(entry.network) === undefined) plain.push(entry);
    else groupOf(late.covering(entry.network) ?? entry.network).additions.push(entry);
  }
  for (const entry of lateRemovals) groupOf(wide.covering(entry.network) ?? entry.network).removals.push(entry);
  const smallerFirst = [...groups.values()].sort((a, b) => growthOf(a) - growthOf(b));
  return { additions: plain, removals, takeOvers: smallerFirst.flatMap(stepsOf) };
}

/** By the wider of both: the addition that joins, or the removal that is split. */
interface Group {
  readonly additions: DesiredEntry[];
  readonly removals: HeldEntry[];
}

/** Entries more than before. */
function growthOf({ additions, removals }: Group): number {
  return additions.length - removals.length;
}

function stepsOf({ additions, removals }: Group): Step[] {
  return [
    ...additions.map((entry): Step => ({ verb: 'add', entry })),
    ...removals.map((entry): Step => ({ verb: 'remove', entry })),
  ];
}
