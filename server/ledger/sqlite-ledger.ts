import { type Clock, systemClock } from '../../shared/clock.ts';
import { ConfigError, describeError } from '../../shared/errors.ts';
import type { Network } from '../../shared/network.ts';
import { Serial } from '../../shared/serial.ts';
import {
  beginWhenUnlocked,
  type Database,
  isDatabaseError,
  isLocked,
  moveLogIntoFile,
  openDatabase,
  waitForNoLock,
} from './database.ts';
import { HistoryPruner } from './history-pruner.ts';
import { HistoryReader } from './history-reader.ts';
import type { Written } from './history-writer.ts';
import { checkLedger } from './integrity/check-ledger.ts';
import { LastCommitFile } from './integrity/last-commit-file.ts';
import { addTallies, type Seal, SealWriter } from './integrity/seal.ts';
import {
  type Change,
  type CountFilter,
  type HistoryCount,
  type HistoryEntry,
  type HistoryFilter,
  type Ledger,
  LedgerError,
  type LedgerState,
} from './ledger.ts';
import { migrations } from './migrations/migrations.ts';
import { prepareFile, unusable } from './prepare-file.ts';
import { readChangesAfter } from './read-history.ts';
import { loadState, readId, readMarks, readSequence } from './read-rows.ts';
import { isSealedApart, Tables } from './tables.ts';

/** What an open ledger is made of. */
interface Opened {
  readonly tables: Tables;
  readonly reader: HistoryReader;
  readonly seals: SealWriter;
  readonly lastCommit: LastCommitFile;
  readonly ledgerId: string;
  /** Of the last commit. */
  readonly seal: Seal;
  readonly sequence: number;
  readonly marks: readonly string[];
}

/**
 * The ledger in one SQLite file, which `sqlite3` can open while the server runs. One commit is one transaction and one
 * sync of the disk, so the caller gathers what arrives together; other work goes on while the disk syncs.
 */
export class SqliteLedger implements Ledger {
  readonly #database: Database;
  readonly #tables: Tables;
  readonly #reader: HistoryReader;
  readonly #work = new Serial();
  readonly #seals: SealWriter;
  readonly #lastCommit: LastCommitFile;
  readonly #ledgerId: string;
  /** Ids in the marks of this ledger's entries, as {@link LedgerState} has them, when it was opened. */
  readonly marks: readonly string[];
  #seal: Seal;
  #sequence: number;

  private constructor(database: Database, opened: Opened) {
    const { tables, reader, seals, lastCommit, ledgerId, seal, sequence, marks } = opened;
    this.marks = marks;
    this.#database = database;
    this.#tables = tables;
    this.#reader = reader;
    this.#seals = seals;
    this.#lastCommit = lastCommit;
    this.#ledgerId = ledgerId;
    this.#seal = seal;
    this.#sequence = sequence;
  }

  /**
   * Opens the file, or makes it with its tables. One of an older version is migrated, with a copy of it kept beside it.
   *
   * @throws ConfigError when the file cannot be read or written, is damaged, of a newer version, or another program's
   */
  static async open(file: string, clock: Clock = systemClock): Promise<SqliteLedger> {
    const database = await attemptToUse(file, () => openDatabase(file));
    try {
      await attemptToUse(file, () => prepareFile(database, { file, clock, migrations }));
      const opened = await attemptToUse(file, () => openParts(database, file, clock));
      await waitForNoLock(database);
      return new SqliteLedger(database, opened);
    } catch (error) {
      database.close();
      throw error;
    }
  }

  load(): Promise<LedgerState> {
    return this.#inTurn(() => loadState(this.#database));
  }

  commit(changes: readonly Change[], at: number): Promise<number> {
    return this.#inTurn(async () => {
      const first = this.#sequence + 1;
      const seal = await this.#transaction(() => {
        this.#tables.writeOthers(changes, at);
        const written = this.#tables.history.write(changes, first, at);
        return this.#sealAfter(changes, written, at);
      });
      this.#seal = seal;
      this.#sequence = seal.sequence;
      this.#lastCommit.write(seal, this.#ledgerId);
      return first;
    });
  }

  history(filter: HistoryFilter): Promise<readonly HistoryEntry[]> {
    return this.#reader.history(filter).catch(throwAsLedgerError);
  }

  counts(filter: CountFilter): Promise<readonly HistoryCount[]> {
    return this.#reader.counts(filter).catch(throwAsLedgerError);
  }

  traces(networks: readonly Network[]): Promise<ReadonlySet<Network>> {
    return this.#reader.traces(networks).catch(throwAsLedgerError);
  }

  changesAfter(sequence: number, most: number): Promise<readonly HistoryEntry[]> {
    return this.#inTurn(() => readChangesAfter(this.#database, sequence, most));
  }

  /** Also moves SQLite's log into the file, which else only a commit does. */
  async prune(before: number, most: number): Promise<number> {
    await this.#reader.moveLog().catch(throwAsLedgerError);
    const plan = await this.#reader.planPruning({ before, most }).catch(throwAsLedgerError);
    if (plan === undefined) return 0;
    const pruner = new HistoryPruner(this.#database, plan);
    const step = async (): Promise<number> => {
      this.#tables.keepSequence(this.#sequence);
      return await pruner.step();
    };
    let gone = 0;
    while (!pruner.isDone) gone += await this.#inTurn(() => this.#transaction(step));
    return gone;
  }

  acceptLosses(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#database.exec('DELETE FROM loss');
    });
  }

  /** Afterwards the file alone is whole, so that it can be copied; should that fail, SQLite's log beside it has the rest. */
  async close(): Promise<void> {
    await this.#reader.close();
    await this.#inTurn(() => moveLogIntoFile(this.#database)).catch(ignoreLedgerError);
    await this.#inTurn(() => Promise.resolve(this.#database.close()));
    this.#lastCommit.close();
  }

  /** Writes the seal of a commit, in its transaction. */
  #sealAfter(changes: readonly Change[], { numbers, reports }: Written, at: number): Seal {
    const seal = {
      commits: this.#seal.commits + 1,
      at,
      sequence: this.#sequence + numbers,
      reports: addTallies(this.#seal.reports, reports),
      others: changes.some(isSealedApart) ? this.#seals.sumOthers() : this.#seal.others,
    };
    this.#seals.write(seal);
    return seal;
  }

  /** One after the other: there is one connection, and what it reads amid a transaction is not durable. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#work.inTurn(work).catch(throwAsLedgerError);
  }

  /** At once, nearly always. While another program holds the lock, this one waits on the library's thread, and answers others. */
  async #begin(): Promise<void> {
    try {
      this.#tables.begin();
    } catch (error) {
      if (!isLocked(error)) throw error;
      await beginWhenUnlocked(this.#database);
    }
  }

  async #transaction<T>(write: () => T | Promise<T>): Promise<T> {
    await this.#begin();
    try {
      const result = await write();
      await this.#database.exec('COMMIT');
      return result;
    } catch (error) {
      this.#tables.clear();
      // SQLite itself ends the transaction on a full disk.
      if (this.#database.inTransaction) await this.#database.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Every failure of SQLite means the same to the caller: nothing was written. */
function throwAsLedgerError(error: unknown): never {
  throw isDatabaseError(error) ? new LedgerError(describeError(error), { cause: error }) : error;
}

function ignoreLedgerError(error: unknown): void {
  if (!(error instanceof LedgerError)) throw error;
}

async function openParts(database: Database, file: string, clock: Clock): Promise<Opened> {
  const lastCommit = LastCommitFile.open(file);
  const seal = await checkLedger(database, { file, note: lastCommit, clock });
  const ledgerId = await readId(database);
  lastCommit.write(seal, ledgerId);
  return {
    ledgerId,
    tables: await Tables.prepare(database),
    reader: await HistoryReader.open(file),
    seals: await SealWriter.prepare(database, ledgerId),
    lastCommit,
    seal,
    sequence: await readSequence(database),
    marks: await readMarks(database),
  };
}

/** At the start the operator must act. */
async function attemptToUse<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw unusable(file, `cannot be used: ${describeError(error)}`, error);
  }
}
