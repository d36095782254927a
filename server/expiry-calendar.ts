import type { Report } from './ledger/ledger.ts';

const minuteMs = 60_000;

/**
 * Which reports end when, by the minute, so that a sweep looks at little more than what is due. By the second, a hundred
 * thousand reports would be in about as many sets, of 200 bytes each.
 */
export class ExpiryCalendar {
  readonly #byMinute = new Map<number, Set<Report>>();
  /** No minute before this one holds anything. */
  #earliest = Number.POSITIVE_INFINITY;

  add(report: Report): void {
    if (report.endsAt === Number.POSITIVE_INFINITY) return;
    const minute = Math.floor(report.endsAt / minuteMs);
    this.#earliest = Math.min(this.#earliest, minute);
    const reports = this.#byMinute.get(minute);
    if (reports === undefined) this.#byMinute.set(minute, new Set([report]));
    else reports.add(report);
  }

  delete(report: Report): void {
    const minute = Math.floor(report.endsAt / minuteMs);
    const reports = this.#byMinute.get(minute);
    reports?.delete(report);
    if (reports?.size === 0) this.#byMinute.delete(minute);
  }

  /** The reports that end at or before `now`, milliseconds since the epoch. They stay until deleted. */
  due(now: number): Report[] {
    const last = Math.floor(now / minuteMs);
    const minutes = this.#minutesUpTo(last);
    this.#earliest = minutes[0] ?? last + 1;
    return minutes.flatMap((minute) => [...(this.#byMinute.get(minute) ?? [])].filter(({ endsAt }) => endsAt <= now));
  }

  /**
   * The minutes up to `last` that hold reports, in order. After a long stop, or when the clock was wrong by years, there
   * are far fewer of them than minutes in between.
   */
  #minutesUpTo(last: number): number[] {
    if (last - this.#earliest > this.#byMinute.size) {
      return [...this.#byMinute.keys()].filter((minute) => minute <= last).sort((a, b) => a - b);
    }
    const minutes: number[] = [];
    for (let minute = this.#earliest; minute <= last; minute += 1) if (this.#byMinute.has(minute)) minutes.push(minute);
    return minutes;
  }
}
