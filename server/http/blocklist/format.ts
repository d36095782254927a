import { plural } from '../../../shared/plural.ts';
import type { Arguments, Parameter, Schema } from '../parameter.ts';
import type { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';

/** What a list is written from. */
export interface List {
  readonly entries: readonly ListEntry[];
  /** When one of them ends: the list is not good for longer. Milliseconds since the epoch; Infinity when none does. */
  readonly firstEnd: number;
  /** Panic: there are no entries, whatever stands. */
  readonly isPaused: boolean;
  /** Milliseconds since the epoch. */
  readonly madeAt: number;
}

/** How a list is written for one kind of reader. */
export interface Format {
  /** Behind `/blocklist.`. */
  readonly name: string;
  readonly summary: string;
  readonly contentType: string;
  /** What its JSON is like, where it is any. */
  readonly schema?: Schema;
  /** What it takes besides what every list takes. */
  readonly query: readonly Parameter<unknown>[];
  /** `seconds`: it says how long its entries have left, so a copy of it grows stale. */
  readonly endsIn: 'nothing' | 'instants' | 'seconds';
  /** Whether the reader takes networks that lie within each other. */
  readonly overlaps: 'taken' | 'refused';
  /** Never an empty text: an empty answer could be taken for a fault, or a fault for an empty list. */
  readonly lines: (list: List, query: Arguments) => readonly (string | EntryLines)[];
}

/** A line for each of these entries; what every line has in common stands beside. All of it is ASCII. */
export interface EntryLines {
  readonly entries: readonly ListEntry[];
  readonly prefix?: string;
  readonly write: (to: LineBytes, entry: ListEntry) => void;
  readonly suffix?: string;
  /** What ends every line but the last. */
  readonly separator?: string;
}

/** The first line of most lists. */
export function commentOf({ entries, isPaused }: List): string {
  if (isPaused) return '# fail2networkban: paused by the operator, so nothing is to be blocked';
  return `# fail2networkban: ${plural(entries.length, 'network')}`;
}

/** Seconds that an entry has left, at least one; undefined when it never ends. */
export function secondsLeft({ endsAt }: ListEntry, { madeAt }: List): number | undefined {
  return endsAt === Number.POSITIVE_INFINITY ? undefined : Math.max(1, Math.ceil((endsAt - madeAt) / 1_000));
}
