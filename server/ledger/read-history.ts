import { asBytes, asRow, end, integer, labels, network, source, text } from './cells.ts';
import type { Database } from './database.ts';
import { type CountFilter, type HistoryCount, type HistoryEntry, type HistoryFilter, LedgerError } from './ledger.ts';

/** All of an entry: of a history of many months, some rows may be damaged. */
const columns = `sequence, at, ends_at, ${asBytes('kind', 'network', 'client', 'jail', 'source', 'labels', 'actor', 'reason')}`;

/** Newest first. */
export async function readHistory(database: Database, filter: HistoryFilter): Promise<HistoryEntry[]> {
  const { clause, cells } = whereOf(filter);
  // Found at once, on the library's thread: row by row, this one would do the looking.
  const sql = `WITH found AS MATERIALIZED (SELECT ${columns} FROM history ${clause} ORDER BY sequence DESC LIMIT ?) SELECT * FROM found`;
  const statement = await database.prepare(sql);
  return (await statement.all(...cells, filter.most)).map(readHistoryRow);
}

/** Most first. */
export async function readCounts(database: Database, { by, most, ...filter }: CountFilter): Promise<HistoryCount[]> {
  const { clause, cells } = whereOf(filter, ["kind = 'reported'", 'reason IS NULL']);
  const sql = `SELECT CAST(${by} AS BLOB) AS name, count(*) AS count FROM history ${clause} GROUP BY ${by} ORDER BY count DESC, name LIMIT ?`;
  const statement = await database.prepare(sql);
  return (await statement.all(...cells, most)).map((value) => {
    const row = asRow(value);
    return { name: text(row, 'name'), count: integer(row, 'count') };
  });
}

type Conditions = Omit<HistoryFilter, 'most'>;

function whereOf({ visibleTo, ...filter }: Conditions, always: readonly string[] = []) {
  const conditions = [...always];
  const cells: unknown[] = [];
  for (const [name, condition] of comparisons) {
    const cell = filter[name];
    if (cell === undefined) continue;
    conditions.push(condition);
    cells.push(cell);
  }
  if (visibleTo !== undefined) {
    // Names have none of the other characters that GLOB knows.
    const jails = visibleTo.follows.map(() => ' OR jail GLOB ?').join('');
    conditions.push(`kind IN ('reported', 'withdrawn') AND (client = ?${jails})`);
    cells.push(visibleTo.client, ...visibleTo.follows);
  }
  return { clause: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, cells };
}

const comparisons = [
  ['network', 'network = ?'],
  ['client', 'client = ?'],
  ['jail', 'jail = ?'],
  ['since', 'at >= ?'],
  ['until', 'at < ?'],
  ['before', 'sequence < ?'],
] as const;

/** Oldest first. */
export async function readChangesAfter(database: Database, sequence: number, most: number): Promise<HistoryEntry[]> {
  const statement = await database.prepare(
    `SELECT ${columns} FROM history WHERE sequence > ? AND kind IN ('reported', 'withdrawn') ORDER BY sequence LIMIT ?`,
  );
  return (await statement.all(sequence, most)).map(readHistoryRow);
}

function readHistoryRow(value: unknown): HistoryEntry {
  const row = asRow(value);
  const kinds = ['reported', 'withdrawn', 'allowed', 'disallowed', 'enrolled', 'revoked', 'paused', 'resumed'] as const;
  const kind = kinds.find((name) => name === text(row, 'kind'));
  if (kind === undefined)
    throw new LedgerError(`history ${String(row['sequence'])}: unknown kind ${text(row, 'kind')}`);
  return {
    sequence: integer(row, 'sequence'),
    at: integer(row, 'at'),
    kind,
    actor: text(row, row['actor'] === null ? 'client' : 'actor'),
    ...(row['network'] === null ? {} : { network: network(row) }),
    ...(row['client'] === null ? {} : { client: text(row, 'client') }),
    ...(row['jail'] === null ? {} : { jail: text(row, 'jail') }),
    ...(row['source'] === null ? {} : { source: source(row) }),
    ...(kind === 'reported' || kind === 'withdrawn' || kind === 'allowed' ? { endsAt: end(row) } : {}),
    ...(row['labels'] === null ? {} : { labels: labels(row) }),
    ...(row['reason'] === null ? {} : { reason: text(row, 'reason') }),
  };
}
