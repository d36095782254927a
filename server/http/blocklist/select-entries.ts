import { fitsGlob } from '../../../shared/names.ts';
import { type Family, familyOf, type Network } from '../../../shared/network.ts';
import type { Client, Report } from '../../ledger/ledger.ts';
import { type Ban, endOf } from '../../standing-bans.ts';
import { maySee } from '../api/may-see.ts';
import { inTurns, type Rest } from './in-turns.ts';
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
  readonly rest: Rest;
}

type IsCounted = (report: Report) => boolean;

/** The bans that a reader wants, as far as it is shown their reports and they are enforced. */
export async function selectEntries(bans: Iterable<Ban>, selection: Selection): Promise<ListEntry[]> {
  const { choice, isHeldBack, rest } = selection;
  const isCounted = counting(selection);
  const entries: ListEntry[] = [];
  const least = Math.max(1, choice.reportsMin);
  await inTurns(bans, rest, ({ network, reports: all }) => {
    if (choice.family !== undefined && familyOf(network) !== choice.family) return;
    // Nearly every ban has one report: nothing is copied then.
    const reports = all.every(isCounted) ? all : all.filter(isCounted);
    if (reports.length < least || isHeldBack(network)) return;
    entries.push({ network, endsAt: endOf({ reports }), reports });
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
