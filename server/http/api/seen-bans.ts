import { fitsGlob, reporterPattern } from '../../../shared/names.ts';
import { type Family, familyOf } from '../../../shared/network.ts';
import type { Client, Report } from '../../ledger/ledger.ts';
import { remembered } from '../../remembered.ts';
import { type Ban, lastEndOf, type StandingBans } from '../../standing-bans.ts';
import { parameter } from '../parameter.ts';
import type { ApiRequest } from '../route.ts';
import { seeing } from './may-see.ts';

/** What a name of a client may be, the server itself included. */
export const reporterAlphabet = '1–130 of A-Z a-z 0-9 . _ / -, beginning with a letter or digit';

const jail = parameter.glob('jail', 'Only bans with a report of such a jail');
const client = parameter.matching(
  'client',
  'Only bans with a report of this client',
  reporterPattern,
  reporterAlphabet,
);
const clientSuffix = parameter.matching(
  'client_suffix',
  'Only bans with a report of a client whose name ends so, as .fra1.example.org',
  /^[A-Za-z0-9._/-]{1,64}$/,
  '1–64 of A-Z a-z 0-9 . _ / -',
);
const label = parameter.label('label', 'Only bans with a report that has this label');
const family = parameter.choice('family', 'Only IPv4 or IPv6', ['4', '6']);
const since = parameter.instant('since', 'Only bans with a report made at this instant or later');
const until = parameter.instant('until', 'Only bans with a report made before this instant');

/** One report must fit all of them, but for the family. */
export const banFilters = [jail, client, clientSuffix, label, family, since, until] as const;

/**
 * The bans that a client is shown and that fit, each with those of its reports that the client is shown. Nearly every ban has
 * one report, and all bans there are may be looked at.
 */
export function* seenBans(standing: StandingBans, who: Client, query: ApiRequest['query']): IterableIterator<Ban> {
  const isSeen = seeing(who);
  const fits = readFilter(query);
  const only = familyIn(query);
  for (const ban of standing.values()) {
    if (only !== undefined && familyOf(ban.network) !== only) continue;
    const seen = seenOf(ban, isSeen);
    if (seen !== undefined && isAny(seen.reports, fits)) yield seen;
  }
}

/**
 * A ban as far as a client is shown its reports; undefined when it is shown none. Most bans have one report: then no list is
 * made, and nothing is called for each of its items.
 *
 * @param isSeen of {@link seeing}
 */
export function seenOf(ban: Ban, isSeen: Fits): Ban | undefined {
  const [first] = ban.reports;
  if (ban.reports.length === 1 && first !== undefined) return isSeen(first) ? ban : undefined;
  if (ban.reports.every(isSeen)) return ban;
  const reports = ban.reports.filter(isSeen);
  if (reports.length === 0) return undefined;
  return { network: ban.network, reports, endsAt: lastEndOf(reports), sequence: ban.sequence };
}

function isAny(reports: readonly Report[], fits: Fits): boolean {
  const [first] = reports;
  return reports.length === 1 && first !== undefined ? fits(first) : reports.some(fits);
}

function familyIn(query: ApiRequest['query']): Family | undefined {
  const text = query.get(family);
  if (text === undefined) return undefined;
  return text === '4' ? 4 : 6;
}

type Fits = (report: Report) => boolean;

function readFilter(query: ApiRequest['query']): Fits {
  const conditions = [
    onJail(query.get(jail)),
    onValue(query.get(client), (report, name) => report.client === name),
    onValue(query.get(clientSuffix), (report, suffix) => report.client.endsWith(suffix)),
    onValue(query.get(label), ({ labels }, [key, value]) => labels?.[key] === value),
    onValue(query.get(since), ({ reportedAt }, from) => reportedAt >= from),
    onValue(query.get(until), ({ reportedAt }, to) => reportedAt < to),
  ].filter((condition) => condition !== undefined);
  return conditions.length === 0 ? () => true : (report) => conditions.every((condition) => condition(report));
}

function onValue<Value>(value: Value | undefined, fits: (report: Report, value: Value) => boolean): Fits | undefined {
  return value === undefined ? undefined : (report) => fits(report, value);
}

function onJail(pattern: string | undefined): Fits | undefined {
  const fits = pattern === undefined ? undefined : fitting(pattern);
  return fits && ((report) => fits(report.jail));
}

/** Whether a name of a jail or client fits: they are few, and reports very many. */
export function fitting(pattern: string): (name: string) => boolean {
  return remembered((name: string) => fitsGlob(pattern, name));
}
