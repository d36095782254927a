import { stat } from 'node:fs/promises';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { readBantime } from './bantime.ts';
import type { StoredBan, StoredBans } from './jail-look.ts';

/** fail2ban writes with one lock for all, and waits 5 s for a reader. */
const busyMaxMs = 2_000;

/** What is needed of the library; what is asynchronous runs on its own thread. */
interface Database {
  exec(sql: string): Promise<unknown>;
  prepare(sql: string): Promise<{ all(...cells: unknown[]): Promise<unknown[]> }>;
  close(): unknown;
}

/**
 * Reads from fail2ban's database what it keeps of these jails, to restore it after a start. Changes nothing in it.
 *
 * @returns undefined where there is no such file, or it cannot be read now
 */
export async function readStoredBans(
  file: string,
  jails: readonly string[],
): Promise<ReadonlyMap<string, StoredBans> | undefined> {
  if (!(await isFile(file))) return undefined;
  // Loaded only where there is a database: the library takes memory.
  const { default: Libsql } = await import('libsql/promise');
  let database: Database | undefined;
  try {
    database = new Libsql(file, {});
    await database.exec(`PRAGMA busy_timeout = ${busyMaxMs}`);
    await database.exec('PRAGMA query_only = ON');
    return await readJails(database, jails);
  } catch (error) {
    // fail2ban holds its lock, or the table is of a version before 0.11.
    if (error instanceof Libsql.SqliteError) return undefined;
    throw error;
  } finally {
    database?.close();
  }
}

async function readJails(database: Database, jails: readonly string[]): Promise<ReadonlyMap<string, StoredBans>> {
  // As reals: a ban of 1e16 seconds is past what JavaScript counts in whole numbers.
  const select = await database.prepare(
    'SELECT ip, CAST(timeofban AS REAL) AS bannedAt, CAST(bantime AS REAL) AS bantime FROM bips WHERE jail = ?',
  );
  const stored = new Map<string, StoredBans>();
  for (const jail of jails) stored.set(jail, new Map((await select.all(jail)).flatMap(toStoredBan)));
  return stored;
}

function toStoredBan(row: unknown): [Network, StoredBan][] {
  if (typeof row !== 'object' || row === null || !('ip' in row) || !('bannedAt' in row) || !('bantime' in row))
    return [];
  const network = parseNetwork(String(row.ip));
  const bantimeSeconds = readBantime(String(row.bantime));
  if (network === undefined || bantimeSeconds === undefined) return [];
  return [[network, { bannedAt: Number(row.bannedAt) * 1_000, bantimeSeconds }]];
}

/** What cannot be looked at cannot be read either. */
async function isFile(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
