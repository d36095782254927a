import type { HeldEntry } from '../enforcer.ts';
import type { ReconcilerState } from '../reconciler.ts';

/** What one firewall does about one network. */
export type NetworkState =
  /** `foreign`: entries that are not ours and contain it; with none of them, ours does. */
  | { readonly state: 'in-force'; readonly foreign: readonly HeldEntry[] }
  | { readonly state: 'absent' }
  | { readonly state: 'pending' }
  /** The firewall answers, and does not do it. */
  | { readonly state: 'refused'; readonly detail: string }
  /** The firewall does not answer as it should, since then on the monotonic clock. */
  | { readonly state: 'failing'; readonly detail: string; readonly sinceMs: number }
  /** The firewall is as it should be without it. */
  | { readonly state: 'left-out' };

/** What is known of one network in one firewall. */
export interface NetworkFacts {
  /** Whether it should be blocked. */
  readonly isWanted: boolean;
  /** Entries that contain it, the narrowest first; undefined: not known now. */
  readonly holders: readonly HeldEntry[] | undefined;
  /** Why the firewall does not do what is wanted, as far as is known. */
  readonly refusal: string | undefined;
  readonly reconciler: ReconcilerState;
  /** Whether nothing is planned for it. */
  readonly isLeftOut: boolean;
}

/**
 * Decides from the first row that fits:
 *
 * ```
 *                                     should be blocked   should not
 *  an entry of ours holds it          in-force            –
 *  a foreign entry holds it           in-force            in-force
 *  nothing is known to hold it        –                   absent
 *  the firewall refuses it            refused             refused
 *  the firewall fails                 failing             failing
 *  nothing is planned for it          left-out            –
 *  else                               pending             pending
 * ```
 */
export function judgeNetwork({ isWanted, holders, refusal, reconciler, isLeftOut }: NetworkFacts): NetworkState {
  const foreign = holders?.filter(({ owner }) => owner === 'theirs') ?? [];
  if (foreign.length > 0 || (isWanted && holders !== undefined && holders.length > 0)) {
    return { state: 'in-force', foreign };
  }
  if (!isWanted && holders?.length === 0) return { state: 'absent' };
  if (refusal !== undefined) return { state: 'refused', detail: refusal };
  if (reconciler.kind === 'failing') {
    return { state: 'failing', detail: reconciler.reason, sinceMs: reconciler.sinceMs };
  }
  return { state: isWanted && isLeftOut ? 'left-out' : 'pending' };
}
