import { enumerate } from '../shared/enumerate.ts';
import type { SettledFrame } from '../shared/frames.ts';
import type { ReceivedCode } from '../shared/refusal.ts';

/** What became of a list that was asked for by name. */
export type ResendOutcome =
  | { readonly kind: 'settled'; readonly frame: SettledFrame<ReceivedCode> }
  /** No jail of this name hands over. */
  | { readonly kind: 'unknown-jail'; readonly reason: string }
  | { readonly kind: 'not-listed'; readonly reason: string };

/** The jails whose list somebody waits for. */
export class ResendRequests {
  readonly #waiting = new Map<string, ((outcome: ResendOutcome) => void)[]>();

  /** Resolves when the jail's list is settled, or cannot be sent. */
  add(jail: string): Promise<ResendOutcome> {
    return new Promise((resolve) => {
      this.#waiting.set(jail, [...(this.#waiting.get(jail) ?? []), resolve]);
    });
  }

  get jails(): readonly string[] {
    return [...this.#waiting.keys()];
  }

  tell(jail: string, outcome: ResendOutcome): void {
    const waiting = this.#waiting.get(jail) ?? [];
    this.#waiting.delete(jail);
    for (const resolve of waiting) resolve(outcome);
  }

  /** Says of all jails that there is no list of them now. */
  refuse(reason: string): void {
    for (const jail of this.jails) this.tell(jail, { kind: 'not-listed', reason });
  }

  /** Says of all jails but these that there are none. */
  refuseUnknown(known: readonly string[]): void {
    for (const jail of this.jails.filter((name) => !known.includes(name))) {
      const reason = `no jail ${jail} with the action fail2networkban; those with it: ${enumerate(known) || 'none'}`;
      this.tell(jail, { kind: 'unknown-jail', reason });
    }
  }
}
