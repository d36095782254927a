import type { Ledger } from '../ledger/ledger.ts';
import { type Observation, observePast } from './offence.ts';

/** Entries of history that are read at once; between two pages other work gets its turn. */
const pageMax = 500;

/** Which part of history is read. */
export interface Past {
  /** Up to this sequence number. */
  readonly upTo: number;
  /** What is older counts no longer. */
  readonly since: number;
  /** The newest so many observations. */
  readonly most: number;
}

/**
 * Reads back what escalation saw before, the oldest first. A page at a time, and no further than to the first page that
 * ends before `since`.
 *
 * @throws LedgerError
 */
export async function readPast(
  ledger: Pick<Ledger, 'history'>,
  { upTo, since, most }: Past,
  signal: AbortSignal,
): Promise<Observation[]> {
  const seen: Observation[] = [];
  let before = upTo + 1;
  while (seen.length < most && !signal.aborted) {
    const page = await ledger.history({ most: pageMax, before });
    const counting = page.filter(({ at }) => at > since).map(observePast);
    seen.push(...counting.filter((observation) => observation !== undefined));
    const oldest = page.at(-1);
    if (oldest === undefined || page.length < pageMax || oldest.at <= since) break;
    before = oldest.sequence;
  }
  return seen.slice(0, most).reverse();
}
