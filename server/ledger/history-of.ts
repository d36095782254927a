import type { Change, HistoryEntry } from './ledger.ts';

/** How a change stands in history, or undefined for one that does not. */
export function historyOf(change: Change, sequence: number, at: number): HistoryEntry | undefined {
  const place = { sequence, at };
  switch (change.kind) {
    // Written out, not spread: these two are made tens of thousands of times a second.
    case 'reported': {
      const { network, client, jail, source, endsAt, labels } = change.report;
      const { kind, reason } = change;
      const entry = { sequence, at, kind, network, client, jail, source, endsAt, actor: client };
      if (labels === undefined && reason === undefined) return entry;
      return { ...entry, ...(labels && { labels }), ...(reason && { reason }) };
    }
    case 'withdrawn':
    case 'lifted': {
      const { network, client, jail, source, endsAt, labels } = change.report;
      const { actor, reason } = change;
      const entry = { sequence, at, kind: 'withdrawn', network, client, jail, source, endsAt, actor, reason } as const;
      return labels === undefined ? entry : { ...entry, labels };
    }
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
    case 'source-read':
    case 'host-addresses':
    case 'mark-adopted':
    case 'name-allowed':
    case 'name-disallowed':
    case 'decided':
      return undefined;
  }
}
