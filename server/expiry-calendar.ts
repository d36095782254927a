import type { Report } from './ledger/ledger.ts';

/** Which reports end when, by the second, so that a sweep looks only at what is due. */
export class ExpiryCalendar {
  readonly #bySecond = new Map<number, Set<Report>>();
  /** No second before this one holds anything. */
  #earliest = Number.POSITIVE_INFINITY;

  add(report: Report): void {
    if (report.endsAt === Number.POSITIVE_INFINITY) return;
    const second = Math.floor(report.endsAt / 1_000);
    this.#earliest = Math.min(this.#earliest, second);
    const reports = this.#bySecond.get(second);
    if (reports === undefined) this.#bySecond.set(second, new Set([report]));
    else reports.add(report);
  }

  delete(report: Report): void {
    const second = Math.floor(report.endsAt / 1_000);
    const reports = this.#bySecond.get(second);
    reports?.delete(report);
    if (reports?.size === 0) this.#bySecond.delete(second);
  }

  /** The reports that end at or before `now`, milliseconds since the epoch. They stay until deleted. */
  due(now: number): Report[] {
    const last = Math.floor(now / 1_000);
    const seconds = this.#secondsUpTo(last);
    this.#earliest = seconds[0] ?? last + 1;
    return seconds.flatMap((second) => [...(this.#bySecond.get(second) ?? [])].filter(({ endsAt }) => endsAt <= now));
  }

  /**
   * The seconds up to `last` that hold reports, in order. After a long stop, or when the clock was wrong by years, there
   * are far fewer of them than seconds in between.
   */
  #secondsUpTo(last: number): number[] {
    if (last - this.#earliest > this.#bySecond.size) {
      return [...this.#bySecond.keys()].filter((second) => second <= last).sort((a, b) => a - b);
    }
    const seconds: number[] = [];
    for (let second = this.#earliest; second <= last; second += 1) if (this.#bySecond.has(second)) seconds.push(second);
    return seconds;
  }
}
