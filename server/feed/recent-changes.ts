import { type Change, isNumbered, type Report } from '../ledger/ledger.ts';

/** What became of one report. */
export interface RecentChange {
  readonly sequence: number;
  readonly report: Report;
  /** The report that ends here, as it stood; undefined for a new one. */
  readonly before: Report | undefined;
  /** Whether it is to be blocked now. */
  readonly isBan: boolean;
}

/** Changes that are kept for followers who reconnect or are slow; who is behind more starts from what stands. */
export const recentChangesMax = 10_000;

/** The last changes of reports, in their order. */
export class RecentChanges {
  #changes: RecentChange[] = [];
  /** All changes after this number are here. */
  #floor: number;

  /** @param sequence the number of the last change before the first that will be added */
  constructor(sequence: number) {
    this.#floor = sequence;
  }

  /**
   * The policy has just let a ban in; when it changes, every follower begins anew.
   *
   * @param first the sequence number of the first change
   */
  add(changes: readonly Change[], first: number): void {
    let sequence = first;
    for (const change of changes) {
      if (!isNumbered(change)) continue;
      if ('report' in change) {
        const isBan = change.kind === 'reported';
        const before = change.kind === 'withdrawn' ? change.report : change.replaces;
        this.#changes.push({ sequence, report: change.report, before, isBan });
      }
      sequence += 1;
    }
    // Cut seldom: cutting moves the whole list.
    if (this.#changes.length > 2 * recentChangesMax) this.#cut(this.#changes.length - recentChangesMax);
  }

  /** The first changes after a number, at most `most`; undefined when they are no longer all here. */
  after(sequence: number, most: number): readonly RecentChange[] | undefined {
    if (sequence < this.#floor) return undefined;
    let low = 0;
    let high = this.#changes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.sequence ?? 0) <= sequence) low = middle + 1;
      else high = middle;
    }
    return this.#changes.slice(low, low + most);
  }

  #cut(count: number): void {
    this.#floor = this.#changes[count - 1]?.sequence ?? this.#floor;
    this.#changes = this.#changes.slice(count);
  }
}
