import type { DnsName } from '../../shared/dns/dns-name.ts';
import type { Network } from '../../shared/network.ts';
import type { Draft } from '../draft.ts';
import type { NameEntry, Report, WhitelistEntry } from '../ledger/ledger.ts';

/** What an operator decides so that something is not blocked, or not any more: it must hold whatever else is broken. */
export type Decision =
  | { readonly kind: 'paused' | 'resumed'; readonly actor: string }
  | { readonly kind: 'lifted'; readonly network: Network; readonly actor: string }
  | { readonly kind: 'disallowed'; readonly network: Network; readonly actor: string }
  | { readonly kind: 'allowed'; readonly entry: WhitelistEntry; readonly actor: string }
  | { readonly kind: 'name-allowed'; readonly entry: NameEntry; readonly actor: string }
  | { readonly kind: 'name-disallowed'; readonly name: DnsName; readonly actor: string };

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
    case 'name-allowed':
      draft.add({ kind, entry: decision.entry });
      return [];
    case 'name-disallowed':
      draft.add({ kind, name: decision.name });
      return [];
  }
}

/** The network that a decision is about. */
export function networkIn(decision: Decision): Network | undefined {
  if (decision.kind === 'allowed') return decision.entry.network;
  return 'network' in decision ? decision.network : undefined;
}

/** The network or DNS name that a decision is about. */
export function subjectOf(decision: Decision): Network | DnsName | undefined {
  if (decision.kind === 'name-allowed') return decision.entry.name;
  return decision.kind === 'name-disallowed' ? decision.name : networkIn(decision);
}
