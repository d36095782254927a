import { enumerate } from '../shared/enumerate.ts';
import type { SettledFrame } from '../shared/frames.ts';
import type { ReceivedCode } from '../shared/refusal.ts';

/** What became of a list that was asked for by name. */
export type ResendOutcome =
  | { readonly kind: 'settled'; readonly frame: SettledFrame<ReceivedCode> }
  /** No jail of this name hands over. */
  | { readonly kind: 'unknown-jail'; readonly reason: string }
  | { readonly kind: 'not-listed'; readonly reason: string };

interface Request {
  /** On the clock's `elapsed`. */
  readonly askedAtMs: number;
  readonly resolve: (outcome: ResendOutcome) => void;
}

/**
 * The jails whose list somebody waits for. Only a look that began afterwards answers: one that was under way may not know what
 * fail2ban holds by then.
 */
export class ResendRequests {
  readonly #waiting = new Map<string, readonly Request[]>();

  /** Resolves when the jail's list is settled, or cannot be sent. */
  add(jail: string, askedAtMs: number): Promise<ResendOutcome> {
    return new Promise((resolve) => {
      this.#waiting.set(jail, [...(this.#waiting.get(jail) ?? []), { askedAtMs, resolve }]);
    });
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  /** Those that a look answers which began then. */
  jailsFor(lookBeganMs: number): readonly string[] {
    return [...this.#waiting].flatMap(([jail, requests]) =>
      requests.some(({ askedAtMs }) => askedAtMs <= lookBeganMs) ? jail : [],
    );
  }

  tell(jail: string, outcome: ResendOutcome, lookBeganMs: number): void {
    const waiting = this.#waiting.get(jail) ?? [];
    const later = waiting.filter(({ askedAtMs }) => askedAtMs > lookBeganMs);
    if (later.length === 0) this.#waiting.delete(jail);
    else this.#waiting.set(jail, later);
    for (const request of waiting) if (!later.includes(request)) request.resolve(outcome);
  }

  /** Says of all jails that there is no list of them now. */
  refuse(reason: string): void {
    for (const jail of [...this.#waiting.keys()])
      this.tell(jail, { kind: 'not-listed', reason }, Number.POSITIVE_INFINITY);
  }

  /** Says of all jails but these, which a look found, that there are none. */
  refuseUnknown(known: readonly string[], lookBeganMs: number): void {
    for (const jail of this.jailsFor(lookBeganMs).filter((name) => !known.includes(name))) {
      const reason = `no jail ${jail} with the action fail2networkban; those with it: ${enumerate(known) || 'none'}`;
      this.tell(jail, { kind: 'unknown-jail', reason }, lookBeganMs);
    }
  }
}
