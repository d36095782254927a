import type { Clock } from '../../shared/clock.ts';
import type { HeldEntry, SharedPlace } from '../../shared/enforcer.ts';
import type { NetworkState } from '../../shared/reconcile/judge-network.ts';
import type { HeldBack } from '../protection/held-back.ts';
import { administrators, describeForeign, type ForeignEntry, foreignEntry } from './foreign-entry.ts';

/**
 * What one firewall does about one network, as whoever asks is told. `foreign` are entries that are not ours and contain it, whatever
 * becomes of our ban; `detail` names them then.
 */
export type FirewallWord = { readonly enforcer: string } & (
  | { readonly state: 'in-force'; readonly detail?: string; readonly foreign?: readonly ForeignEntry[] }
  | { readonly state: 'absent' | 'pending' }
  | { readonly state: 'refused'; readonly detail: string }
  | { readonly state: 'failing'; readonly detail: string; readonly forSeconds: number }
  | { readonly state: 'no-room'; readonly detail: string }
  | { readonly state: 'whitelisted' | 'held-back'; readonly code: HeldBack['code']; readonly detail: string }
);

/** What is known where a firewall's state alone does not say why. */
export interface Circumstances {
  readonly enforcer: string;
  readonly shared: SharedPlace | undefined;
  /** Why the ban is not to be in force at all. */
  readonly heldBack: HeldBack | undefined;
  /** Why it has no place, of a ban that is left out. */
  readonly whyLeftOut: () => HeldBack | string;
  readonly clock: Clock;
}

export function wordOf(state: NetworkState, circumstances: Circumstances): FirewallWord {
  const { enforcer, heldBack, whyLeftOut, clock } = circumstances;
  switch (state.state) {
    case 'in-force':
      return { enforcer, ...inForce(state.foreign, circumstances) };
    case 'absent':
      return heldBack === undefined ? { enforcer, state: 'absent' } : heldBackWord(enforcer, heldBack);
    case 'left-out': {
      const why = whyLeftOut();
      return typeof why === 'string' ? { enforcer, state: 'no-room', detail: why } : heldBackWord(enforcer, why);
    }
    case 'failing':
      return failingWord(enforcer, state, clock);
    case 'refused':
    case 'pending':
      return { enforcer, ...state };
  }
}

/** Reports a duration: the origin of the monotonic clock is private. */
export function failingWord(
  enforcer: string,
  { detail, sinceMs }: Omit<Extract<NetworkState, { readonly state: 'failing' }>, 'state'>,
  clock: Clock,
): FirewallWord {
  return { enforcer, state: 'failing', detail, forSeconds: Math.round((clock.elapsed() - sinceMs) / 1_000) };
}

function heldBackWord(enforcer: string, { code, detail }: HeldBack): FirewallWord {
  return { enforcer, state: code === 'whitelisted' ? 'whitelisted' : 'held-back', code, detail };
}

function inForce(held: readonly HeldEntry[], { enforcer, shared }: Circumstances) {
  if (held.length === 0) return { state: 'in-force' as const };
  const foreign = held.map((entry) => foreignEntry(entry, enforcer, shared));
  const detail = foreign.map((entry) => describeForeign(entry, administrators)).join('; ');
  return { state: 'in-force' as const, detail, foreign };
}
