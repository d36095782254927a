import { type Change, LedgerError } from '../../server/ledger/ledger.ts';
import { MemoryLedger } from '../../server/ledger/memory-ledger.ts';

/** A ledger in memory on a disk that a test fills and clears. */
export class FailingLedger extends MemoryLedger {
  isFull = false;
  /** Commits wait for this: a disk that a test makes slow. */
  ready: Promise<void> | undefined;
  /** How many changes each commit carried. */
  readonly commits: number[] = [];

  override commit(changes: readonly Change[], at: number): Promise<number> {
    if (this.isFull) return Promise.reject(new LedgerError('database or disk is full'));
    this.commits.push(changes.length);
    return this.ready === undefined ? super.commit(changes, at) : this.ready.then(() => super.commit(changes, at));
  }
}
