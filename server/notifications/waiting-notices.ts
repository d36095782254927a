import type { Notice, Told } from './notice.ts';

/** Notices of one sort that wait at once. */
export const waitingMax = 1_000;

interface Waiting {
  readonly told: Told;
  readonly sinceMs: number;
}

/**
 * Notices that wait, the oldest first. Where there is no room, that client gives way which has most of them, its newest
 * first; what a firewall has to tell counts as a client's.
 */
export class WaitingNotices {
  #waiting: Waiting[] = [];
  readonly #counts = new Map<string, number>();

  get size(): number {
    return this.#waiting.length;
  }

  /** @returns what has no room: this one, or another that gave way */
  push(told: Told, nowMs: number): Told | undefined {
    const by = tellerOf(told.notice);
    this.#count(by, 1);
    this.#waiting.push({ told, sinceMs: nowMs });
    return this.#waiting.length > waitingMax ? this.#giveWay(by) : undefined;
  }

  /** Takes out the oldest. */
  take(most: number): Told[] {
    return this.#remove(this.#waiting.splice(0, most));
  }

  /** Takes out all that wait for longer. */
  takeAged(ageMaxMs: number, nowMs: number): Told[] {
    const young = this.#waiting.findIndex(({ sinceMs }) => nowMs - sinceMs <= ageMaxMs);
    return this.#remove(this.#waiting.splice(0, young < 0 ? this.#waiting.length : young));
  }

  /** @param last who came last: of those that have as many, it gives way */
  #giveWay(last: string): Told | undefined {
    let most = last;
    for (const [by, count] of this.#counts) if (count > (this.#counts.get(most) ?? 0)) most = by;
    const at = this.#waiting.findLastIndex(({ told }) => tellerOf(told.notice) === most);
    return this.#remove(this.#waiting.splice(at, 1))[0];
  }

  #remove(removed: readonly Waiting[]): Told[] {
    for (const { told } of removed) this.#count(tellerOf(told.notice), -1);
    return removed.map(({ told }) => told);
  }

  #count(by: string, change: number): void {
    const count = (this.#counts.get(by) ?? 0) + change;
    if (count === 0) this.#counts.delete(by);
    else this.#counts.set(by, count);
  }
}

/** No client has the name of a firewall, which holds a `/`. */
function tellerOf(notice: Notice): string {
  if ('client' in notice) return notice.client;
  return 'enforcer' in notice ? notice.enforcer : '/';
}
