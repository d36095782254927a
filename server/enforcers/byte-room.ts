import type { DesiredEntry, HeldEntry } from '../../shared/enforcer.ts';
import type { FirewallRoom } from '../../shared/reconcile/firewall-room.ts';

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
export interface ByteRoom extends FirewallRoom {
  readonly usage: ByteUsage;
  /** What all entries of ours together may take. */
  readonly availableBytes: number;
  /** What an entry takes, or would. */
  readonly costOf: (entry: DesiredEntry) => number;
  /** Takes in which of the entries that were listed last are ours. */
  readonly settle: (ours: readonly HeldEntry[]) => void;
}
