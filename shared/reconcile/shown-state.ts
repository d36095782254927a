import { plural } from '../plural.ts';
import type { Reconciler, ReconcilerState } from '../reconciler.ts';
import type { RefusedNetwork } from './refusals.ts';

/** How a firewall stands, as people and programs are told. */
export type ShownState =
  | ReconcilerState
  /** It answers, and does not do all that is asked: it is never shown as in sync. */
  | { readonly kind: 'refusing'; readonly reason: string };

/** A failure goes before refusals, and these before all else. */
export function shownState({
  state,
  refused,
  unremoved,
}: Pick<Reconciler, 'state' | 'refused' | 'unremoved'>): ShownState {
  if (state.kind === 'failing' || state.kind === 'stopped') return state;
  const reasons = [...refusedBy(refused, 'not blocked'), ...refusedBy(unremoved, 'still blocked')];
  return reasons.length === 0 ? state : { kind: 'refusing', reason: reasons.join('; ') };
}

function refusedBy(networks: readonly RefusedNetwork[], what: string): string[] {
  const [first] = networks;
  if (first === undefined) return [];
  return [`${plural(networks.length, 'network')} refused, ${what}, as ${first.network}: ${first.reason}`];
}
