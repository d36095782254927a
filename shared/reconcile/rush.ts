import type { HeldEntry, Step } from '../enforcer.ts';
import type { Network } from '../network.ts';
import { NetworkIndex } from '../network-index.ts';
import type { Plan } from '../plan.ts';

/** What of a plan goes before all else, and what is left of it. */
export interface Rushed {
  readonly first: readonly Step[];
  readonly rest: Plan;
  /** Those of the networks that something is done about. */
  readonly networks: ReadonlySet<Network>;
}

/**
 * Puts first what takes these networks out of a firewall: removals of what overlaps them, and before the removal of a CIDR
 * those of its parts that stay banned.
 */
export function rush(plan: Plan, networks: ReadonlySet<Network>): Rushed {
  const index = new NetworkIndex([...networks]);
  const isRushed = ({ network }: HeldEntry): boolean => index.overlapping(network) !== undefined;
  const removals = plan.removals.filter(isRushed);
  const late = plan.lateRemovals.filter(isRushed);
  if (removals.length + late.length === 0) return { first: [], rest: plan, networks: new Set() };
  const split = new NetworkIndex(late.map(({ network }) => network));
  const parts = plan.additions.filter(({ network }) => split.overlapping(network) !== undefined);
  const moved = new Set<unknown>([...removals, ...late, ...parts]);
  const stays = (entry: unknown): boolean => !moved.has(entry);
  return {
    first: [
      ...removals.map((entry): Step => ({ verb: 'remove', entry })),
      ...parts.map((entry): Step => ({ verb: 'add', entry })),
      ...late.map((entry): Step => ({ verb: 'remove', entry })),
    ],
    rest: {
      additions: plan.additions.filter(stays),
      removals: plan.removals.filter(stays),
      lateRemovals: plan.lateRemovals.filter(stays),
    },
    networks: touchedBy([...removals, ...late], networks),
  };
}

function touchedBy(entries: readonly HeldEntry[], networks: ReadonlySet<Network>): ReadonlySet<Network> {
  const index = new NetworkIndex(entries.map(({ network }) => network));
  return new Set([...networks].filter((network) => index.overlapping(network) !== undefined));
}
