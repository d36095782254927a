import { type Family, familyOf, type Network } from '../../../shared/network.ts';
import { inTurns, type Turns } from '../../in-turns.ts';
import type { Client, Report } from '../../ledger/ledger.ts';
import type { Ban } from '../../standing-bans.ts';
import { seeing } from '../api/may-see.ts';
import { fitting, seenOf } from '../api/seen-bans.ts';
import type { ListEntry } from './list-entry.ts';

/** Which bans a reader wants. */
export interface Choice {
  readonly family: Family | undefined;
  /** Pattern of jails. */
  readonly jail: string | undefined;
  /** Pattern of clients whose reports do not count. */
  readonly excludedClient: string | undefined;
  /** How many reports have to count. */
  readonly reportsMin: number;
}

export interface Selection {
  readonly choice: Choice;
  readonly client: Client;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly isHeldBack: (network: Network) => boolean;
  readonly turns: Turns;
}

export interface Selected {
  readonly entries: readonly ListEntry[];
  /** When the first of them ends; Infinity when none does. */
  readonly firstEnd: number;
}

/** The bans that a reader wants, as far as it is shown their reports and they are enforced. */
export async function selectEntries(bans: readonly Ban[], selection: Selection): Promise<Selected> {
  const { isHeldBack, turns } = selection;
  const { family, reportsMin } = selection.choice;
  const isCounted = counting(selection);
  const entries: ListEntry[] = [];
  let firstEnd = Number.POSITIVE_INFINITY;
  await inTurns(bans, turns, (some) => {
    let first = Number.POSITIVE_INFINITY;
    for (const ban of some) {
      if (family !== undefined && familyOf(ban.network) !== family) continue;
      // Nearly every ban counts as it stands: it is the entry then, and nothing is made.
      const counted = seenOf(ban, isCounted);
      if (counted === undefined || counted.reports.length < reportsMin || isHeldBack(ban.network)) continue;
      entries.push(counted);
      first = Math.min(first, counted.endsAt);
    }
    firstEnd = Math.min(firstEnd, first);
  });
  return { entries, firstEnd };
}

/** There are few clients and jails, and very many reports: each is judged once. */
function counting({ choice, client, now }: Selection): (report: Report) => boolean {
  const isSeen = seeing(client);
  const isOfJail = choice.jail === undefined ? undefined : fitting(choice.jail);
  const isExcluded = choice.excludedClient === undefined ? undefined : fitting(choice.excludedClient);
  return (report) =>
    report.endsAt > now &&
    isSeen(report) &&
    (isOfJail === undefined || isOfJail(report.jail)) &&
    (isExcluded === undefined || !isExcluded(report.client));
}
