import { asRow, integer, text } from './cells.ts';
import { type Database, openToRead } from './database.ts';
import type { HistoryCount } from './ledger.ts';

/** Of which time; instants are milliseconds since the epoch, `until` is after it. */
export interface CountedTime {
  readonly since: number;
  readonly until: number;
  /** Pattern of jails, as `nginx-*`. */
  readonly jail: string | undefined;
}

export interface CountedHistory {
  /** When the oldest entry was made that history still has; undefined when it is empty. */
  readonly beginsAt: number | undefined;
  /** New bans by network, most first, then by name; each is read as it is taken. */
  readonly counts: Iterable<HistoryCount>;
}

/**
 * Counts new bans in the file of a ledger, while a server writes to it or none runs. It waits for nobody and holds up nobody:
 * SQLite gives it the file as it was when it began, and sorts on disk what is too large for its own small memory.
 *
 * @param file that is there
 * @throws Error of SQLite
 */
export async function countHistory<Result>(
  file: string,
  time: CountedTime,
  take: (history: CountedHistory) => Promise<Result>,
): Promise<Result> {
  const database = await openToRead(file);
  try {
    await database.exec('PRAGMA temp_store = FILE');
    // Else the oldest entry could go between the two looks.
    await database.exec('BEGIN');
    return await take({ beginsAt: await readBeginning(database), counts: await readCounts(database, time) });
  } finally {
    database.close();
  }
}

async function readBeginning(database: Database): Promise<number | undefined> {
  const statement = await database.prepare('SELECT at FROM history WHERE stands = 0 ORDER BY sequence LIMIT 1');
  const row = statement.get();
  return row === undefined ? undefined : integer(asRow(row), 'at');
}

async function readCounts(database: Database, { since, until, jail }: CountedTime): Promise<Iterable<HistoryCount>> {
  const statement = await database.prepare(
    "SELECT CAST(network AS BLOB) AS name, count(*) AS count FROM history WHERE kind = 'reported' AND reason IS NULL " +
      'AND at >= ? AND at < ? AND jail GLOB ? GROUP BY network ORDER BY count DESC, name',
  );
  return asCounts(await statement.iterate(since, until, jail ?? '*'));
}

function* asCounts(rows: Iterable<unknown>): Generator<HistoryCount> {
  for (const value of rows) {
    const row = asRow(value);
    yield { name: text(row, 'name'), count: integer(row, 'count') };
  }
}
