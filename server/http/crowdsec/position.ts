import type { Client } from '../../ledger/ledger.ts';

/** What a bouncer was told, by what that was made of. Nothing of it grows with the bans. */
export type Position = RecordedPosition | LivePosition;

/** All that the ledger keeps over a restart: the sequence number of the last change that was told. */
export interface RecordedPosition {
  readonly kind: 'recorded';
  readonly sequence: number;
}

/** Told since the start. */
export interface LivePosition {
  readonly kind: 'live';
  readonly sequence: number;
  /** Of {@link PolicyChanges}. */
  readonly policyTick: number;
  readonly isPaused: boolean;
  /** The latest end that a decision was told with: see {@link horizonAt}. */
  readonly horizon: number;
  /** With its rights of then. */
  readonly client: Client;
}
