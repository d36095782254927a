import type { Soon } from '../../in-turns.ts';
import type { Client, Report, ReportKey } from '../../ledger/ledger.ts';
import { isCrowdsec } from '../../own-clients.ts';
import type { Protection } from '../../protection/protection.ts';
import type { Ban, StandingBans } from '../../standing-bans.ts';
import { seeing } from '../api/may-see.ts';
import type { DecisionFilter } from './decision-filter.ts';

/** What decides by which report a ban blocks, if it does. */
export interface BlockerParts {
  readonly standing: StandingBans;
  readonly protection: Pick<Protection, 'held'>;
  readonly isPaused: () => boolean;
  readonly soon: Soon;
}

/** Whether a bouncer of this client is told of a report: what came from a CrowdSec never goes back to one. */
export function audienceOf(client: Client, filter: DecisionFilter): DecisionFilter {
  const isSeen = seeing(client);
  return (key) => !isCrowdsec(key.client) && isSeen(key) && filter(key);
}

/** The report of a ban that blocks its network now, for whoever is told of the reports that fit: the one that lasts longest. */
export function blockerOf(
  ban: Ban | undefined,
  { protection, isPaused }: BlockerParts,
  { isFor, now }: { readonly isFor: (key: ReportKey) => boolean; readonly now: number },
): Report | undefined {
  if (ban === undefined || isPaused()) return undefined;
  const longest = longestOf(ban.reports.filter((report) => report.endsAt > now && isFor(report)));
  return longest === undefined || protection.held.has(ban.network) ? undefined : longest;
}

export function longestOf(reports: readonly Report[]): Report | undefined {
  let longest: Report | undefined;
  for (const report of reports) if (longest === undefined || report.endsAt > longest.endsAt) longest = report;
  return longest;
}
