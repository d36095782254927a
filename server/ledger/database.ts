import { closeSync, openSync } from 'node:fs';
import Libsql from 'libsql/promise';

/** How long another program may hold the lock. */
const lockWaitMs = 5_000;

/** What this program needs of a statement. `run` and `get` are done when they return. */
export interface Statement {
  run(...cells: unknown[]): unknown;
  get(...cells: unknown[]): unknown;
  all(...cells: unknown[]): Promise<unknown[]>;
  /** Row by row, for what may be large. */
  iterate(...cells: unknown[]): Promise<Iterable<unknown>>;
}

/**
 * What this program needs of SQLite. What is asynchronous runs on a thread of the library, so that a sync of the disk holds
 * up nobody; one connection has one transaction, so the caller takes care that nothing else uses it meanwhile.
 */
export interface Database {
  /** The library always has it, though its types do not say so. */
  readonly inTransaction?: boolean;
  exec(sql: string): Promise<unknown>;
  prepare(sql: string): Promise<Statement>;
  /** Cuts short what runs on the thread; it fails. */
  interrupt(): void;
  close(): unknown;
}

/**
 * Opens a file and changes nothing in it, or makes an empty one that only its owner may read: it will hold secrets.
 *
 * @throws Error
 */
export async function openDatabase(file: string): Promise<Database> {
  // Says ENOENT, EACCES, EROFS or EISDIR where the library only has a number.
  closeSync(openSync(file, 'a', 0o600));
  return connect(file);
}

/**
 * Another connection to a file that is there, for reading. It opens the file in no other way: where this process has it open
 * already, closing it again would end the locks that SQLite holds on it (fcntl(2)), and another program could take SQLite's log away.
 */
export async function openToRead(file: string): Promise<Database> {
  const database = await connect(file);
  await database.exec('PRAGMA query_only = ON');
  return database;
}

/** Another connection to a file that is there, from which all of it is copied. */
export function openToCopy(file: string): Promise<Database> {
  return connect(file);
}

async function connect(file: string): Promise<Database> {
  const database: Database = new Libsql(file, {});
  await database.exec(`PRAGMA busy_timeout = ${lockWaitMs}`);
  return database;
}

/** SQLite's log is moved into the file from this size on, and cut to it when it had to grow: for a reader, or one large commit. */
const logBytes = 4_194_304;

/** WAL with a sync at each commit: what is committed survives a power failure. */
export async function makeDurable(database: Database): Promise<void> {
  await database.exec('PRAGMA journal_mode = WAL');
  await database.exec('PRAGMA synchronous = FULL');
  await database.exec(`PRAGMA journal_size_limit = ${logBytes}`);
}

/** Writes of the log into the file what no reader needs there, and waits for nobody. If that was all, the next commit begins the log anew. */
export async function moveLogAsFarAsMayBe(database: Database): Promise<void> {
  await database.exec('PRAGMA wal_checkpoint(PASSIVE)');
}

/** Writes what the log beside the file holds into the file. */
export async function moveLogIntoFile(database: Database): Promise<void> {
  await database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
}

/** What writes fails at once from now on while another program holds the lock, instead of keeping the whole program waiting. */
export async function waitForNoLock(database: Database): Promise<void> {
  await database.exec('PRAGMA busy_timeout = 0');
}

/** Begins a transaction once the lock is free. Waits on the library's thread. @throws Error when it is not in 5 s */
export async function beginWhenUnlocked(database: Database): Promise<void> {
  await database.exec(`PRAGMA busy_timeout = ${lockWaitMs}`);
  try {
    await database.exec('BEGIN IMMEDIATE');
  } finally {
    await waitForNoLock(database);
  }
}

/** Whether another program holds the lock. */
export function isLocked(error: unknown): boolean {
  return isDatabaseError(error) && codeOf(error).startsWith('SQLITE_BUSY');
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** Whether SQLite failed; anything else that is thrown is a fault of ours. */
export function isDatabaseError(error: unknown): boolean {
  return error instanceof Libsql.SqliteError;
}
