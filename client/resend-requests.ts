import type { SettledFrame } from '../shared/frames.ts';

/** What became of a list that was asked for by name. */
export type ResendOutcome =
  | { readonly kind: 'settled'; readonly frame: SettledFrame }
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

  /** Says of all jails but these that there is no list of them. */
  refuse(reason: (jail: string) => string, listed: ReadonlySet<string> = new Set()): void {
    for (const jail of this.jails) {
      if (!listed.has(jail)) this.tell(jail, { kind: 'not-listed', reason: reason(jail) });
    }
  }
}
