import type { DesiredEntry, HeldEntry } from '../../shared/enforcer.ts';

/** How full the file is that a firewall keeps its entries in. */
export interface ByteUsage {
  /** All of it, whoever wrote it. */
  readonly bytes: number;
  /** We add nothing beyond this. */
  readonly budgetBytes: number;
  /** It is of no use to anybody beyond this. */
  readonly mostBytes: number;
}

/** The room in bytes of a firewall that keeps its entries in a file with an end. */
export interface ByteRoom {
  readonly usage: ByteUsage;
  /** What all entries of ours together may take. */
  readonly availableBytes: number;
  /** Whether an addition must wait for a removal. */
  readonly isFull: boolean;
  /** What an entry takes, or would. */
  readonly costOf: (entry: DesiredEntry) => number;
  /** Takes in which of the entries that were listed last are ours. */
  readonly settle: (ours: readonly HeldEntry[]) => void;
}
