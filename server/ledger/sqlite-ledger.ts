import { configError, describeError } from '../../shared/errors.ts';
import { type Database, openDatabase } from './database.ts';
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
import { schema, schemaVersion } from './schema.ts';
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
    try {
      this.#database = openDatabase(file);
      prepareSchema(this.#database, file);
      this.#tables = new Tables(this.#database);
      this.#sequence = this.#tables.readSequence();
      // A file on a read-only disk opens well; only writing shows it.
      this.#transaction(() => this.#tables.writeSequence(this.#sequence));
    } catch (error) {
      if (error instanceof Error && error.name === 'ConfigError') throw error;
      throw configError(file, '[server] database', `cannot be used: ${describeError(error)}`, error);
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

  close(): Promise<void> {
    return attempt(() => {
      this.#database.close();
    });
  }

  #transaction(write: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      write();
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** SQLite ends the transaction by itself on a full disk; then there is nothing left to roll back. */
  #rollBack(): void {
    try {
      this.#database.exec('ROLLBACK');
    } catch (error) {
      if (!describeError(error).includes('no transaction is active')) throw error;
    }
  }
}

/** Every failure of SQLite means the same to the caller: nothing was written. */
function attempt<T>(work: () => T): Promise<T> {
  try {
    return Promise.resolve(work());
  } catch (error) {
    return Promise.reject(new LedgerError(describeError(error), { cause: error }));
  }
}

function prepareSchema(database: Database, file: string): void {
  const row = database.prepare('PRAGMA user_version').get();
  const version = typeof row === 'object' && row !== null && 'user_version' in row ? row.user_version : undefined;
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
  if (version === 0 && tables.length === 0) database.exec(`BEGIN; ${schema} COMMIT;`);
  else if (version !== schemaVersion) {
    throw configError(
      file,
      '[server] database',
      `is of version ${version}; this program reads version ${schemaVersion}`,
    );
  }
  checkIntegrity(database, file);
}

function checkIntegrity(database: Database, file: string): void {
  const [row] = database.prepare('PRAGMA quick_check(1)').all();
  const found = typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined;
  if (found !== 'ok') throw configError(file, '[server] database', `is damaged: ${String(found)}`);
}
