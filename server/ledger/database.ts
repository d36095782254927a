import Libsql from 'libsql';

/** What this program needs of a statement. */
export interface Statement {
  run(...cells: unknown[]): unknown;
  get(...cells: unknown[]): unknown;
  all(...cells: unknown[]): unknown[];
}

/** What this program needs of SQLite; `libsql` has better-sqlite3's interface. */
export interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): Statement;
  close(): unknown;
}

/** Opens or makes a file. WAL with a sync at each commit: what is committed survives a power failure. */
export function openDatabase(file: string): Database {
  const database: Database = new Libsql(file);
  database.exec('PRAGMA journal_mode = WAL');
  database.exec('PRAGMA synchronous = FULL');
  database.exec('PRAGMA busy_timeout = 5000');
  return database;
}
