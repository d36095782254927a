import type { JailComparison } from '../jail-check.ts';
import type { ResendOutcome } from '../resend-requests.ts';

/** In words, wherever one looks for fail2ban. */
export const noFail2banHere = 'no fail2ban on this host, as configured ([agent] fail2ban = no)';

/** In place of the comparison of jails, on a host without fail2ban. What the servers hold of the host ends at its time. */
export class NoJails implements JailComparison {
  readonly delayMs = undefined;

  begin(): void {
    // A connection gives no reason to look.
  }

  soon(): void {
    // Nor does a change.
  }

  step(): Promise<boolean> {
    return Promise.resolve(false);
  }

  resend(): Promise<ResendOutcome> {
    return Promise.resolve({ kind: 'not-listed', reason: noFail2banHere });
  }
}
