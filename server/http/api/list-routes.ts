import { jailAlphabet, jailPattern, reporterPattern } from '../../../shared/names.ts';
import { describingBans, finite } from '../../admin/describe-bans.ts';
import type { Client, HistoryEntry, HistoryFilter } from '../../ledger/ledger.ts';
import { jsonAnswer } from '../answer.ts';
import { httpLimits } from '../http-limits.ts';
import { parameter } from '../parameter.ts';
import type { ApiRequest, Outcome, Route } from '../route.ts';
import type { ApiParts } from './api.ts';
import { type PageOrder, pageOf, sorts } from './bans-page.ts';
import { costOfLooking } from './cost-of-looking.ts';
import { countStanding } from './count-standing.ts';
import { formatCursor, parseCursor } from './cursor.ts';
import { viewerOf } from './may-see.ts';
import { bansSchema, countsSchema, historySchema } from './schemas.ts';
import { banFilters, reporterAlphabet, seenBans } from './seen-bans.ts';

const { pageMax, pageDefault, countsMax, historyCost } = httpLimits;
const limit = parameter.integer('limit', `Entries of a page; ${pageDefault} when it is left out`, 1, pageMax);
const cursor = parameter.matching(
  'cursor',
  'The `next` of the page before, with everything else the same',
  /^[A-Za-z0-9_-]{1,500}$/,
  'what an answer gave as next',
);
const sort = parameter.choice('sort', 'By what it is sorted; by network when it is left out', sorts);
const direction = parameter.choice('direction', 'asc when it is left out', ['asc', 'desc']);

const firewalls = parameter.flag(
  'firewalls',
  'Say of each ban what each firewall does about it; such an answer has no ETag, since firewalls change by themselves',
);

const by = parameter.choice('by', 'What is counted; jail when it is left out', ['jail', 'client', 'network']);
const of = parameter.choice(
  'of',
  'standing: reports that stand now, which is so when it is left out; history: new bans that history has, whether they stand or not',
  ['standing', 'history'],
);
const since = parameter.instant('since', 'Only what was reported at this instant or later');
const until = parameter.instant('until', 'Only what was reported before this instant');
const most = parameter.integer(
  'most',
  `How many are named, those with the most; ${pageDefault} when it is left out`,
  1,
  countsMax,
);

const network = parameter.network('network', 'Only this network');
const client = parameter.matching('client', 'Only this client', reporterPattern, reporterAlphabet);
const jail = parameter.matching('jail', 'Only this jail', jailPattern, jailAlphabet);

/** Many bans at once: a list, counts, and what happened. */
export function listRoutes(parts: ApiParts): readonly Route[] {
  const { standing, enforcement, startedAt } = parts;
  const stateOf = ({ query }: ApiRequest): string | undefined =>
    query.get(firewalls) === true ? undefined : `${startedAt} ${standing.sequence} ${enforcement.circumstances}`;
  return [
    {
      method: 'GET',
      url: '/api/v1/bans',
      summary: 'The bans that stand, as far as the client is shown their reports, page by page',
      access: 'every-client',
      query: [...banFilters, sort, direction, limit, cursor, firewalls],
      gives: bansSchema,
      costs: () => costOfLooking(standing.size),
      stateOf,
      handle: ({ query }, who) => listBans(parts, query, who),
    },
    {
      method: 'GET',
      url: '/api/v1/counts',
      summary: 'How many reports stand, or how many new bans history has, of each jail, client or network; most first',
      access: 'every-client',
      query: [of, by, since, until, most],
      gives: countsSchema,
      problems: ['ledger-unavailable'],
      costs: ({ query }) => (query.get(of) === 'history' ? historyCost : costOfLooking(standing.size)),
      handle: ({ query }, who) => count(parts, query, who),
    },
    {
      method: 'GET',
      url: '/api/v1/history',
      summary:
        'What happened, newest first, page by page: reports and their ends as far as the client is shown them; all else, as changes of the whitelist, with the permission operate',
      access: 'every-client',
      query: [network, client, jail, since, until, limit, cursor],
      gives: historySchema,
      problems: ['ledger-unavailable'],
      costs: () => historyCost,
      handle: ({ query }, who) => readHistory(parts, query, who),
    },
  ];
}

type Query = ApiRequest['query'];

function listBans({ standing, protection, enforcement }: ApiParts, query: Query, who: Client): Outcome {
  const order: PageOrder = { sort: query.get(sort) ?? 'network', descending: query.get(direction) === 'desc' };
  const from = query.get(cursor);
  const after = from === undefined ? undefined : parseCursor(from, order);
  if (from !== undefined && after === undefined) return notACursor;
  const page = pageOf(seenBans(standing, who, query), { order, after, limit: query.get(limit) ?? pageDefault });
  const last = page.isCut ? page.bans.at(-1) : undefined;
  const next = last === undefined ? null : formatCursor(last, order);
  const describeBan = describingBans((each) => protection.whyHeld(each));
  const bans = page.bans.map((ban) => ({
    ...describeBan(ban),
    ...(query.get(firewalls) === true ? { enforcement: enforcement.of(ban.network) } : {}),
  }));
  return { answer: jsonAnswer({ bans, count: page.count, next }) };
}

async function count({ standing, ledger }: ApiParts, query: Query, who: Client): Promise<Outcome> {
  const [what, which] = [query.get(of) ?? 'standing', query.get(by) ?? 'jail'] as const;
  const filter = { by: which, most: query.get(most) ?? pageDefault, ...between(query) };
  const visibleTo = viewerOf(who);
  const counts =
    what === 'standing'
      ? countStanding(standing, who, filter)
      : await ledger.counts(visibleTo === undefined ? filter : { ...filter, visibleTo });
  return { answer: jsonAnswer({ of: what, by: which, counts }) };
}

async function readHistory({ ledger }: ApiParts, query: Query, who: Client): Promise<Outcome> {
  const size = query.get(limit) ?? pageDefault;
  const from = query.get(cursor);
  const before = from === undefined ? undefined : Number(from);
  if (before !== undefined && !Number.isSafeInteger(before)) return notACursor;
  const found = await ledger.history({ ...historyFilter(query, who), ...given({ before }), most: size + 1 });
  const entries = found.slice(0, size);
  const last = found.length > size ? entries.at(-1) : undefined;
  const next = last === undefined ? null : String(last.sequence);
  return { answer: jsonAnswer({ history: entries.map(describeEntry), next }) };
}

function historyFilter(query: Query, who: Client): Omit<HistoryFilter, 'most'> {
  const asked = { network: query.get(network), client: query.get(client), jail: query.get(jail) };
  return { ...given({ ...asked, visibleTo: viewerOf(who) }), ...between(query) };
}

function between(query: Query): { readonly since?: number; readonly until?: number } {
  return given({ since: query.get(since), until: query.get(until) });
}

/** The members that are there. */
function given<Members extends object>(
  members: Members,
): { [Name in keyof Members]?: Exclude<Members[Name], undefined> };
function given(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function describeEntry(entry: HistoryEntry) {
  return entry.endsAt === undefined ? entry : { ...entry, endsAt: finite(entry.endsAt) };
}

const notACursor: Outcome = {
  problem: { code: 'bad-argument', detail: 'cursor: is not the next of a page of the same list in the same order' },
};
