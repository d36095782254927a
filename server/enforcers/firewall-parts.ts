import type { Clock } from '../../shared/clock.ts';
import type { Soon } from '../in-turns.ts';
import type { OwnMarks } from './ownership/ledger-mark.ts';

/** What a firewall is opened with, beside its settings. */
export interface FirewallParts {
  readonly clock: Clock;
  /** A number from 0 up to 1, as Math.random. */
  readonly random: () => number;
  /** Calls back once the events that have already arrived are handled (setImmediate): a long list is read in turns. */
  readonly soon: Soon;
  /** Whose entries are ours. */
  readonly marks: OwnMarks;
}
