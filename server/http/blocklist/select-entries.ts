import { fitsGlob } from '../../../shared/names.ts';
import { type Family, familyOf, type Network } from '../../../shared/network.ts';
import { inTurns, type Turns } from '../../in-turns.ts';
import type { Client, Report } from '../../ledger/ledger.ts';
import type { Ban } from '../../standing-bans.ts';
import { maySee } from '../api/may-see.ts';
import { seenOf } from '../api/seen-bans.ts';
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

type IsCounted = (report: Report) => boolean;

/** The bans that a reader wants, as far as it is shown their reports and they are enforced. */
export async function selectEntries(bans: readonly Ban[], selection: Selection): Promise<ListEntry[]> {
  const { choice, isHeldBack, turns } = selection;
  const { family, reportsMin } = choice;
  const isCounted = counting(selection);
  const entries: ListEntry[] = [];
  await inTurns(bans, turns, (some) => {
    for (const ban of some) {
      if (family !== undefined && familyOf(ban.network) !== family) continue;
      // Nearly every ban counts as it stands: it is the entry then, and nothing is made.
      const counted = seenOf(ban, isCounted);
      if (counted === undefined || counted.reports.length < reportsMin || isHeldBack(ban.network)) continue;
      entries.push(counted);
    }
  });
  return entries;
}

/** There are few clients and jails, and very many reports: each pair is judged once. */
function counting({ choice, client, now }: Selection): IsCounted {
  const judged = new Map<string, Map<string, boolean>>();
  const judge = (report: Report): boolean =>
    maySee(client, report) &&
    (choice.jail === undefined || fitsGlob(choice.jail, report.jail)) &&
    (choice.excludedClient === undefined || !fitsGlob(choice.excludedClient, report.client));
  return (report) => {
    if (report.endsAt <= now) return false;
    const known = judged.get(report.client)?.get(report.jail);
    if (known !== undefined) return known;
    const isCounted = judge(report);
    judged.set(report.client, (judged.get(report.client) ?? new Map()).set(report.jail, isCounted));
    return isCounted;
  };
}
