/** Pause between two looks at jails of which networks may be gone. */
export const lookMs = 8_000;
/** How long a network must be missing, without a ban of it, before it is gone. */
export const goneMs = 30_000;
/** The same where nothing else tells that fail2ban is not about to restore it. */
export const unprovenMs = 3_600_000;

/** What is known of one network that a server holds for a jail and the jail's list does not name. */
export interface Evidence {
  /** How long it was missing at every look, and no ban of it came. */
  readonly missingMs: number;
  /** Whether fail2ban's database holds a ban of it that is not over; undefined where there is none to read. */
  readonly isStored: boolean | undefined;
  /** This very process of fail2ban was seen with it. */
  readonly wasHeld: boolean;
  /** How long this process is known, and no network came back without a ban. */
  readonly quietMs: number;
}

/** `wait`: soon decided. `to-come`: fail2ban is to restore it, or is stuck on the way. `unproven`: decided after {@link unprovenMs}. */
export type Verdict = 'gone' | 'wait' | 'to-come' | 'unproven';

/**
 * Judges one network by itself, whatever else its jail does.
 *
 * ```
 *   in the database                                   to-come
 *   missing for less than goneMs                      wait
 *   missing, the database read                        gone
 *   missing, none to read, was held by this process   gone
 *   missing, none to read, quiet for unprovenMs       gone
 *   missing, none to read                             unproven
 * ```
 */
export function judgeMissing({ missingMs, isStored, wasHeld, quietMs }: Evidence): Verdict {
  if (isStored === true) return 'to-come';
  if (missingMs < goneMs) return 'wait';
  return isStored === false || wasHeld || quietMs >= unprovenMs ? 'gone' : 'unproven';
}
