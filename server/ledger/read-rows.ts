import { type Permission, permissions } from '../../shared/frames.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import type { Database } from './database.ts';
import type {
  Client,
  ClientKey,
  HistoryEntry,
  HistoryFilter,
  LedgerState,
  Report,
  SequencedReport,
  WhitelistEntry,
} from './ledger.ts';
import { LedgerError } from './ledger.ts';

type Row = Readonly<Record<string, unknown>>;

/** Everything that stands, checked as strictly as a frame: somebody may have edited the file by hand. */
export function loadState(database: Database): LedgerState {
  const rows = (sql: string): Row[] => database.prepare(sql).all().map(asRow);
  const keys = rows('SELECT * FROM client_key').map((row) => ({ client: text(row, 'client'), key: readKey(row) }));
  const settings = new Map(rows('SELECT * FROM setting').map((row) => [text(row, 'name'), text(row, 'value')]));
  return {
    sequence: Number(settings.get('sequence') ?? 0),
    paused: settings.get('paused') === 'yes',
    reports: readReports(database),
    whitelist: rows('SELECT * FROM whitelist').map(readWhitelistEntry),
    clients: rows('SELECT * FROM client').map((row) =>
      readClient(
        row,
        keys.filter(({ client }) => client === row['name']).map(({ key }) => key),
      ),
    ),
    streams: readStreams(rows('SELECT * FROM stream ORDER BY used_at')),
  };
}

function readReports(database: Database): SequencedReport[] {
  const reports: SequencedReport[] = [];
  for (const value of database.prepare('SELECT * FROM report ORDER BY sequence').iterate()) {
    const row = asRow(value);
    reports.push({ report: readReport(row), sequence: integer(row, 'sequence') });
  }
  return reports;
}

/** Newest first. */
export function readHistory(database: Database, { network, client, jail, since, most }: HistoryFilter): HistoryEntry[] {
  const conditions: string[] = [];
  const cells: unknown[] = [];
  const where = (condition: string, cell: unknown): void => {
    if (cell === undefined) return;
    conditions.push(condition);
    cells.push(cell);
  };
  where('network = ?', network);
  where('client = ?', client);
  where('jail = ?', jail);
  where('at >= ?', since);
  const clause = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const sql = `SELECT * FROM history ${clause} ORDER BY sequence DESC LIMIT ?`;
  return database
    .prepare(sql)
    .all(...cells, most)
    .map(readHistoryRow);
}

export function readHistoryRow(value: unknown): HistoryEntry {
  const row = asRow(value);
  const kinds = ['reported', 'withdrawn', 'allowed', 'disallowed', 'enrolled', 'revoked', 'paused', 'resumed'] as const;
  const kind = kinds.find((name) => name === row['kind']);
  if (kind === undefined)
    throw new LedgerError(`history ${String(row['sequence'])}: unknown kind ${String(row['kind'])}`);
  return {
    sequence: integer(row, 'sequence'),
    at: integer(row, 'at'),
    kind,
    actor: text(row, row['actor'] === null ? 'client' : 'actor'),
    ...(row['network'] === null ? {} : { network: network(row) }),
    ...(row['client'] === null ? {} : { client: text(row, 'client') }),
    ...(row['jail'] === null ? {} : { jail: text(row, 'jail') }),
    ...(row['source'] === null ? {} : { source: row['source'] === 'hand' ? 'hand' : 'jail' }),
    ...(kind === 'reported' || kind === 'withdrawn' || kind === 'allowed' ? { endsAt: end(row) } : {}),
    ...(row['reason'] === null ? {} : { reason: text(row, 'reason') }),
  };
}

function readReport(row: Row): Report {
  return {
    network: network(row),
    client: text(row, 'client'),
    jail: text(row, 'jail'),
    source: row['source'] === 'hand' ? 'hand' : 'jail',
    reportedAt: integer(row, 'reported_at'),
    endsAt: end(row),
    isLifted: row['is_lifted'] === 1,
  };
}

function readWhitelistEntry(row: Row): WhitelistEntry {
  return { network: network(row), addedAt: integer(row, 'added_at'), endsAt: end(row), note: text(row, 'note') };
}

function readClient(row: Row, keys: readonly ClientKey[]): Client {
  return {
    name: text(row, 'name'),
    may: text(row, 'may').split(',').filter(isPermission),
    jails: text(row, 'jails')
      .split(',')
      .filter((jail) => jail !== ''),
    description: text(row, 'description'),
    addedAt: integer(row, 'added_at'),
    keys,
  };
}

function readKey(row: Row): ClientKey {
  return { id: text(row, 'id'), secret: text(row, 'secret'), endsAt: end(row) };
}

function readStreams(rows: readonly Row[]): Map<string, Map<string, number>> {
  const streams = new Map<string, Map<string, number>>();
  for (const row of rows) {
    const client = text(row, 'client');
    const ofClient = streams.get(client) ?? new Map<string, number>();
    streams.set(client, ofClient.set(text(row, 'id'), integer(row, 'number')));
  }
  return streams;
}

function isPermission(value: string): value is Permission {
  return permissions.some((permission) => permission === value);
}

function asRow(value: unknown): Row {
  if (typeof value !== 'object' || value === null) throw new LedgerError('a row is not an object');
  return { ...value };
}

function text(row: Row, column: string): string {
  const cell = row[column];
  if (typeof cell !== 'string') throw new LedgerError(`${column}: ${String(cell)} is not a text`);
  return cell;
}

function integer(row: Row, column: string): number {
  const cell = row[column];
  if (typeof cell !== 'number') throw new LedgerError(`${column}: ${String(cell)} is not a number`);
  return cell;
}

function end(row: Row): number {
  return typeof row['ends_at'] === 'number' ? row['ends_at'] : Number.POSITIVE_INFINITY;
}

function network(row: Row): Network {
  const cell = text(row, 'network');
  const parsed = parseNetwork(cell);
  if (parsed === undefined || parsed !== cell) throw new LedgerError(`network: ${cell} is not a canonical network`);
  return parsed;
}
