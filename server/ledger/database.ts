import { closeSync, openSync } from 'node:fs';
import Libsql from 'libsql';

/** What this program needs of a statement. */
export interface Statement {
  run(...cells: unknown[]): unknown;
  get(...cells: unknown[]): unknown;
  all(...cells: unknown[]): unknown[];
  /** Row by row, for what may be large. */
  iterate(...cells: unknown[]): Iterable<unknown>;
}

/** What this program needs of SQLite; `libsql` has better-sqlite3's interface. */
export interface Database {
  readonly inTransaction: boolean;
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/**
 * Opens a file and changes nothing in it, or makes an empty one that only its owner may read: it will hold secrets.
 *
 * @throws Error
 */
export function openDatabase(file: string): Database {
  // Says ENOENT, EACCES, EROFS or EISDIR where the library only has a number.
  closeSync(openSync(file, 'a', 0o600));
  const database: Database = new Libsql(file);
  database.exec('PRAGMA busy_timeout = 5000');
  return database;
}

/** WAL with a sync at each commit: what is committed survives a power failure. */
export function makeDurable(database: Database): void {
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
}

/** Writes what the log beside the file holds into the file. */
export function moveLogIntoFile(database: Database): void {
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

/** Whether SQLite failed; anything else that is thrown is a fault of ours. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof Libsql.SqliteError;
}
