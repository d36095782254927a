import { type Change, type HistoryEntry, type HistoryFilter, LedgerError } from '../../server/ledger/ledger.ts';
import { MemoryLedger } from '../../server/ledger/memory-ledger.ts';
import type { Network } from '../../shared/network.ts';

/** A ledger in memory on a disk that a test fills and clears. */
export class FailingLedger extends MemoryLedger {
  isFull = false;
  /** History cannot be looked through. */
  isUnreadable = false;
  /** Commits wait for this: a disk that a test makes slow. */
  ready: Promise<void> | undefined;
  /** What is read of history is given after this. */
  readable: Promise<void> | undefined;
  reads = 0;
  /** How many changes each commit carried. */
  readonly commits: number[] = [];

  override commit(changes: readonly Change[], at: number): Promise<number> {
    if (this.isFull) return Promise.reject(new LedgerError('database or disk is full'));
    this.commits.push(changes.length);
    return this.ready === undefined ? super.commit(changes, at) : this.ready.then(() => super.commit(changes, at));
  }

  override async history(filter: HistoryFilter): Promise<readonly HistoryEntry[]> {
    const entries = await super.history(filter);
    await this.readable;
    return entries;
  }

  override traces(networks: readonly Network[]): Promise<ReadonlySet<Network>> {
    return this.isUnreadable ? Promise.reject(new LedgerError('disk I/O error')) : super.traces(networks);
  }

  override async changesAfter(sequence: number, most: number): Promise<readonly HistoryEntry[]> {
    this.reads += 1;
    const entries = await super.changesAfter(sequence, most);
    await this.readable;
    return entries;
  }
}
