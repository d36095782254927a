import type { Network } from '../../shared/network.ts';
import { Serial } from '../../shared/serial.ts';
import { type Database, moveLogAsFarAsMayBe, openToRead } from './database.ts';
import { type Bounds, type PrunePlan, planPruning } from './history-pruner.ts';
import { type CountFilter, type HistoryCount, type HistoryEntry, type HistoryFilter, LedgerError } from './ledger.ts';
import { readCounts, readHistory } from './read-history.ts';
import { readTraces } from './read-traces.ts';

/**
 * Reads history on a connection of its own: a look through a million entries takes a second, which no ban waits for. It runs
 * on the library's thread, one look after the other.
 */
export class HistoryReader {
  readonly #database: Database;
  readonly #looks = new Serial();
  #isClosing = false;

  private constructor(database: Database) {
    this.#database = database;
  }

  /** @param file one that is open already */
  static async open(file: string): Promise<HistoryReader> {
    return new HistoryReader(await openToRead(file));
  }

  history(filter: HistoryFilter): Promise<readonly HistoryEntry[]> {
    return this.#look(() => readHistory(this.#database, filter));
  }

  counts(filter: CountFilter): Promise<readonly HistoryCount[]> {
    return this.#look(() => readCounts(this.#database, filter));
  }

  traces(networks: readonly Network[]): Promise<ReadonlySet<Network>> {
    return this.#look(() => readTraces(this.#database, networks));
  }

  planPruning(bounds: Bounds): Promise<PrunePlan | undefined> {
    return this.#look(() => planPruning(this.#database, bounds));
  }

  /** Beside the commits, and without waiting for a reader. */
  moveLog(): Promise<void> {
    return this.#look(() => moveLogAsFarAsMayBe(this.#database));
  }

  /** Cuts the look short that is under way; those that wait fail. */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#database.interrupt();
    await this.#looks.inTurn(() => Promise.resolve(this.#database.close()));
  }

  #look<T>(look: () => Promise<T>): Promise<T> {
    return this.#looks.inTurn(() => {
      if (this.#isClosing) throw new LedgerError('the server stops');
      return look();
    });
  }
}
