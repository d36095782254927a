import type { Network } from '../../shared/network.ts';
import type { Draft } from '../draft.ts';
import type { Report, WhitelistEntry } from '../ledger/ledger.ts';

/** What an operator decides so that something is not blocked, or not any more: it must hold whatever else is broken. */
export type Decision =
  | { readonly kind: 'paused' | 'resumed'; readonly actor: string }
  | { readonly kind: 'lifted'; readonly network: Network; readonly actor: string }
  | { readonly kind: 'disallowed'; readonly network: Network; readonly actor: string }
  | { readonly kind: 'allowed'; readonly entry: WhitelistEntry; readonly actor: string };

/** Writes a decision into a draft. @returns the reports that it lifts, as they were */
export function enterDecision(draft: Draft, decision: Decision): Report[] {
  const { kind, actor } = decision;
  switch (kind) {
    case 'paused':
    case 'resumed':
      draft.add({ kind, actor });
      return [];
    case 'disallowed':
      draft.add({ kind, network: decision.network, actor, reason: 'removed' });
      return [];
    case 'lifted':
      return draft.lift(decision.network, 'lifted', actor);
    case 'allowed':
      return draft.allow(decision.entry, actor);
  }
}

/** The network that a decision is about. */
export function networkIn(decision: Decision): Network | undefined {
  if (decision.kind === 'allowed') return decision.entry.network;
  return 'network' in decision ? decision.network : undefined;
}
