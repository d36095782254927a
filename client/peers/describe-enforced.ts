import type { HostEnforcer } from '../../shared/frames.ts';
import { plural } from '../../shared/plural.ts';
import type { RefusedNetwork } from '../../shared/reconcile/refusals.ts';
import type { Reconciler } from '../../shared/reconciler.ts';
import type { Claims } from './claims.ts';

/** A firewall of this host at work, with what the subscriptions ask of it. */
export interface Enforced {
  readonly reconciler: Reconciler;
  readonly claims: Pick<Claims, 'room'>;
}

/** Of the protocol's `enforcers` frame. */
const detailMaxCharacters = 300;

/** How a firewall stands: what it refuses goes before being in sync, and a failure before all. */
export function describeEnforced({ reconciler, claims }: Enforced): HostEnforcer {
  const { name: enforcer, state } = reconciler;
  const entries = reconciler.counts().ours;
  if (state.kind === 'failing') return { enforcer, state: 'failing', entries, detail: cut(state.reason) };
  const refused = [
    ...refusedBy(reconciler.refused, 'not blocked'),
    ...refusedBy(reconciler.unremoved, 'still blocked'),
  ];
  if (refused.length > 0) return { enforcer, state: 'refusing', entries, detail: cut(refused.join('; ')) };
  const head = { enforcer, state: state.kind === 'in-sync' ? 'in-sync' : 'working', entries } as const;
  const { leftOut, maxEntries } = claims.room;
  if (leftOut === 0) return head;
  return { ...head, detail: `no room for ${plural(leftOut, 'ban')} of others: max_entries = ${maxEntries} is reached` };
}

function refusedBy(networks: readonly RefusedNetwork[], what: string): string[] {
  const [first] = networks;
  if (first === undefined) return [];
  return [`${plural(networks.length, 'network')} refused, ${what}, as ${first.network}: ${first.reason}`];
}

function cut(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, detailMaxCharacters);
}
