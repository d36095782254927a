import { ConfigError, configError, describeError } from '../../shared/errors.ts';
import { type Database, isDatabaseError, makeDurable, moveLogIntoFile, openDatabase } from './database.ts';
import { historyOf } from './history-of.ts';
import {
  type Change,
  type HistoryEntry,
  type HistoryFilter,
  type Ledger,
  LedgerError,
  type LedgerState,
} from './ledger.ts';
import { loadState, readHistory } from './read-rows.ts';
import { applicationId, schema, schemaVersion } from './schema.ts';
import { Tables } from './tables.ts';

/**
 * The ledger in one SQLite file, which `sqlite3` can open while the server runs. One commit is one transaction and one
 * sync of the disk, so the caller gathers what arrives together.
 */
export class SqliteLedger implements Ledger {
  readonly #database: Database;
  readonly #tables: Tables;
  #sequence: number;

  /**
   * Opens the file, or makes it with its tables.
   *
   * @throws ConfigError when the file cannot be read or written, is damaged, or is another program's
   */
  constructor(file: string) {
    this.#database = attemptToUse(file, () => openDatabase(file));
    try {
      attemptToUse(file, () => prepareSchema(this.#database, file));
      this.#tables = new Tables(this.#database);
      this.#sequence = this.#tables.readSequence();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  load(): Promise<LedgerState> {
    return attempt(() => loadState(this.#database));
  }

  commit(changes: readonly Change[], at: number): Promise<number> {
    return attempt(() => {
      const first = this.#sequence + 1;
      const entries: HistoryEntry[] = [];
      const sequenceOf = new Map<Change, number>();
      for (const change of changes) {
        const sequence = first + entries.length;
        const entry = historyOf(change, sequence, at);
        if (entry !== undefined) entries.push(entry);
        sequenceOf.set(change, sequence);
      }
      const last = this.#sequence + entries.length;
      this.#transaction(() => {
        this.#tables.write(changes, sequenceOf, at);
        this.#tables.writeHistory(entries);
        if (entries.length > 0) this.#tables.writeSequence(last);
      });
      this.#sequence = last;
      return first;
    });
  }

  history(filter: HistoryFilter): Promise<readonly HistoryEntry[]> {
    return attempt(() => readHistory(this.#database, filter));
  }

  changesAfter(sequence: number, most: number): Promise<readonly HistoryEntry[]> {
    return attempt(() => this.#tables.changesAfter(sequence, most));
  }

  prune(before: number): Promise<number> {
    return attempt(() => this.#tables.prune(before));
  }

  /** Afterwards the file alone is whole, so that it can be copied; should that fail, SQLite's log beside it has the rest. */
  async close(): Promise<void> {
    await attempt(() => moveLogIntoFile(this.#database)).catch(ignoreLedgerError);
    await attempt(() => this.#database.close());
  }

  #transaction(write: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      write();
      this.#database.exec('COMMIT');
    } catch (error) {
      // SQLite itself ends the transaction on a full disk.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Every failure of SQLite means the same to the caller: nothing was written. */
function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    const cause = isDatabaseError(error) ? new LedgerError(describeError(error), { cause: error }) : error;
    return Promise.reject(cause);
  }
}

function ignoreLedgerError(error: unknown): void {
  if (!(error instanceof LedgerError)) throw error;
}

/** At the start the operator must act. */
function attemptToUse<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw unusable(file, `cannot be used: ${describeError(error)}`, error);
  }
}

/** Looks whose file it is before anything is changed in it. */
function prepareSchema(database: Database, file: string): void {
  const owner = readPragma(database, 'application_id');
  const version = readPragma(database, 'user_version');
  const isNew = owner === 0 && version === 0 && database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;
  if (!isNew && owner !== applicationId) throw unusable(file, 'belongs to another program');
  if (!isNew && version !== schemaVersion) {
    throw unusable(file, `is of version ${String(version)}; this program reads version ${schemaVersion}`);
  }
  makeDurable(database);
  if (isNew) database.exec(`BEGIN; ${schema} COMMIT;`);
  checkIntegrity(database, file);
  // A file on a read-only disk opens well; only writing shows it.
  database.exec(`PRAGMA user_version = ${schemaVersion}`);
}

function checkIntegrity(database: Database, file: string): void {
  const found = readPragma(database, 'quick_check');
  if (found !== 'ok') throw unusable(file, `is damaged: ${String(found)}`);
}

/** The first row of what a pragma says. */
function readPragma(database: Database, pragma: string): unknown {
  const [row] = database.prepare(`PRAGMA ${pragma}`).all();
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined;
}

function unusable(file: string, reason: string, cause?: unknown): ConfigError {
  return configError(file, '[server] database', reason, cause);
}
