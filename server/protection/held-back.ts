import type { RefusalCode } from '../../shared/refusal.ts';

/**
 * Why a ban that stands is not in force.
 *
 * | code | it comes into force when |
 * | --- | --- |
 * | `whitelisted`, `protected`, `special-purpose`, `private`, `too-wide` | the policy lets it |
 * | `host` | no host is known by an address in it any more, or the operator means it (`--even-host`) |
 * | `unread` | every source of what must not be banned was read once |
 * | `lost` | the operator accepts what the ledger has lost (`accept-loss`) |
 * | `paused` | the operator resumes |
 * | `lifted` | the operator lifted it, which the ledger does not say yet: only with a new ban |
 */
export interface HeldBack {
  readonly code: RefusalCode | 'host' | 'unread' | 'lost' | 'paused' | 'lifted';
  /** Behind `held back: `, as `address of host web1`. */
  readonly detail: string;
  /** Whose address it is, of `host`. */
  readonly hosts?: readonly string[];
}

export const pausedBack: HeldBack = { code: 'paused', detail: 'paused (panic) until resume' };

export const liftedBack: HeldBack = { code: 'lifted', detail: 'lifted by the operator, not on disk yet' };

export const lostBack: HeldBack = {
  code: 'lost',
  detail: 'the ledger has lost what may have protected from bans, see doctor, until accept-loss',
};

/** @param names of the sources that never answered, at least one */
export function unreadBack(names: readonly string[]): HeldBack {
  return { code: 'unread', detail: `what must not be banned was never read: ${names.join(', ')}` };
}
