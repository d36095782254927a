import type { HostEnforcer } from '../../shared/frames.ts';
import { plural } from '../../shared/plural.ts';
import { shownState } from '../../shared/reconcile/shown-state.ts';
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
  const { name: enforcer } = reconciler;
  const state = shownState(reconciler);
  const entries = reconciler.counts().ours;
  if (state.kind === 'failing' || state.kind === 'refusing') {
    return { enforcer, state: state.kind, entries, detail: cut(state.reason) };
  }
  const head = { enforcer, state: state.kind === 'in-sync' ? 'in-sync' : 'working', entries } as const;
  const { leftOut, maxEntries } = claims.room;
  if (leftOut === 0) return head;
  return { ...head, detail: `no room for ${plural(leftOut, 'ban')} of others: max_entries = ${maxEntries} is reached` };
}

function cut(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').slice(0, detailMaxCharacters);
}
