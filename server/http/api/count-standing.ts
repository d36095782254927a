import type { Client, CountFilter, HistoryCount } from '../../ledger/ledger.ts';
import type { StandingBans } from '../../standing-bans.ts';
import { seeing } from './may-see.ts';

/** How many standing reports there are of each jail, client or network, most first, as far as a client is shown them. */
export function countStanding(
  standing: StandingBans,
  who: Client,
  { by, since = 0, until = Number.POSITIVE_INFINITY, most }: Omit<CountFilter, 'visibleTo'>,
): HistoryCount[] {
  const isSeen = seeing(who);
  const counts = new Map<string, number>();
  for (const { reports } of standing.values()) {
    for (const report of reports) {
      if (report.reportedAt < since || report.reportedAt >= until || !isSeen(report)) continue;
      counts.set(report[by], (counts.get(report[by]) ?? 0) + 1);
    }
  }
  const sorted = Array.from(counts, ([name, count]) => ({ name, count }));
  sorted.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
  return sorted.slice(0, most);
}
