import type { Report } from '../ledger/ledger.ts';
import type { Ban } from '../standing-bans.ts';

/** JSON has no Infinity: null is permanent. */
export function finite(endsAt: number): number | null {
  return Number.isFinite(endsAt) ? endsAt : null;
}

export function describeBan(ban: Ban) {
  return { network: ban.network, endsAt: finite(ban.endsAt), reports: ban.reports.map(describeReport) };
}

export function describeReport({ client, jail, source, reportedAt, endsAt, labels }: Report) {
  const report = { client, jail, source, reportedAt, endsAt: finite(endsAt) };
  return labels === undefined ? report : { ...report, labels };
}

/** A report that was lifted, among those of other networks. */
export function describeLifted(report: Report) {
  return { network: report.network, ...describeReport(report) };
}
