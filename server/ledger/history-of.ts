import type { Change, HistoryEntry, Report } from './ledger.ts';

/** How a change stands in history, or undefined for one that does not. */
export function historyOf(change: Change, sequence: number, at: number): HistoryEntry | undefined {
  const place = { sequence, at };
  switch (change.kind) {
    case 'reported':
      return reportEntry(change.report, { ...place, kind: 'reported', actor: change.report.client });
    case 'withdrawn':
    case 'lifted':
      return reportEntry(change.report, { ...place, kind: 'withdrawn', actor: change.actor, reason: change.reason });
    case 'allowed': {
      const { network, endsAt, note } = change.entry;
      return { ...place, kind: 'allowed', network, endsAt, actor: change.actor, reason: note };
    }
    case 'disallowed':
      return { ...place, kind: 'disallowed', network: change.network, actor: change.actor, reason: change.reason };
    case 'enrolled':
      return { ...place, kind: 'enrolled', client: change.client.name, actor: change.actor };
    case 'revoked':
      return { ...place, kind: 'revoked', client: change.client, actor: change.actor };
    case 'paused':
    case 'resumed':
      return { ...place, kind: change.kind, actor: change.actor };
    case 'advanced':
      return undefined;
  }
}

/** Written out, not spread: these are made tens of thousands of times a second. */
function reportEntry(report: Report, { sequence, at, kind, actor, reason }: HistoryEntry): HistoryEntry {
  const { network, client, jail, source, endsAt, labels } = report;
  const entry = { sequence, at, kind, network, client, jail, source, endsAt, actor };
  if (labels === undefined && reason === undefined) return entry;
  return { ...entry, ...(labels === undefined ? {} : { labels }), ...(reason === undefined ? {} : { reason }) };
}
