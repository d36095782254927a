import type { Network } from '../../../shared/network.ts';
import type { Report } from '../../ledger/ledger.ts';

/** A network that the reader of a list is to block. */
export interface ListEntry {
  readonly network: Network;
  /** Milliseconds since the epoch; Infinity is permanent. */
  readonly endsAt: number;
  /** Those that count for this reader. */
  readonly reports: readonly Report[];
}
