import type { Clock } from '../../shared/clock.ts';
import type { LocalVerb } from '../../shared/host/local-socket.ts';
import { handJail, jailAlphabet, jailPattern } from '../../shared/names.ts';
import { covers, embeddedIpv4, type Network } from '../../shared/network.ts';
import type { Refusal } from '../../shared/refusal.ts';
import type { Draft } from '../draft.ts';
import type { EnforcementOfBans } from '../enforcement.ts';
import type { Ledger, Report, WhitelistEntry } from '../ledger/ledger.ts';
import type { Policy } from '../policy/policy.ts';
import type { Whitelist } from '../policy/whitelist.ts';
import type { Record } from '../record.ts';
import { type Ban, endOf, type StandingBans } from '../standing-bans.ts';
import { type Arguments, argument } from './arguments.ts';
import { finite } from './client-verbs.ts';

export interface BanVerbsOptions {
  readonly record: Record;
  readonly ledger: Ledger;
  readonly standing: StandingBans;
  readonly whitelist: Whitelist;
  readonly policy: Policy;
  readonly enforcement: EnforcementOfBans;
  readonly clock: Clock;
}

const actor = 'operator';

/** `ban`, `unban`, `bans`, `lookup`, `history`, `allow-add`, `allow-list`, `allow-remove`. */
export function banVerbs(options: BanVerbsOptions): [string, LocalVerb][] {
  return [
    ['ban', (args) => ban(options, args)],
    ['unban', (args) => unban(options, args)],
    ['bans', (args) => listBans(options, args)],
    ['lookup', (args) => lookUp(options, argument.network(args))],
    ['history', (args) => history(options, args)],
    ['allow-add', (args) => allow(options, args)],
    ['allow-list', () => listAllowed(options)],
    ['allow-remove', (args) => disallow(options, args)],
  ];
}

/** The operator's own ban passes the same policy about the address. */
async function ban({ record, policy, clock }: BanVerbsOptions, args: Arguments) {
  const network = argument.network(args);
  const ttlSeconds = argument.optionalDuration(args, 'ttl') ?? null;
  const jail = argument.text({ jail: handJail, ...args }, 'jail', jailPattern, jailAlphabet);
  const refusal = await record.write((draft): Refusal | undefined => {
    const refused = policy.refuseAddress(network);
    const reportedAt = clock.now();
    const endsAt = ttlSeconds === null ? Number.POSITIVE_INFINITY : reportedAt + ttlSeconds * 1_000;
    if (refused === undefined) {
      draft.report({ network, client: actor, jail, source: 'hand', reportedAt, endsAt, isLifted: false });
    }
    return refused;
  });
  return refusal === undefined ? { network, outcome: 'recorded' } : { network, outcome: 'refused', ...refusal };
}

/** Lifts the reports of all hosts until their jails ban anew. `allow` keeps the network whitelisted for that long. */
async function unban({ record, clock }: BanVerbsOptions, args: Arguments) {
  const network = argument.network(args);
  const allowSeconds = argument.optionalDuration(args, 'allow');
  const lifted = await record.write((draft) => {
    const reports = draft.reportsOf(network).filter(({ isLifted }) => !isLifted);
    for (const report of reports) draft.lift(report, 'lifted', actor);
    const allowed =
      allowSeconds === undefined ? [] : allowInDraft(draft, entryFor(network, allowSeconds, 'unban --allow', clock));
    return [...reports, ...allowed];
  });
  return {
    network,
    lifted: lifted.map(describeLifted),
    ...(allowSeconds === undefined ? {} : { allowedForSeconds: allowSeconds }),
  };
}

function listBans({ standing, enforcement }: BanVerbsOptions, args: Arguments) {
  const jail = argument.optionalText(args, 'jail');
  const client = argument.optionalText(args, 'client');
  const fits = (report: Report): boolean =>
    (jail === undefined || report.jail === jail) && (client === undefined || report.client === client);
  const bans = [...standing.values()].filter((each) => each.reports.some(fits));
  return {
    bans: bans.map((each) => ({
      ...describeBan(each),
      ...(bans.length <= 1_000 ? { enforcement: enforcement.of(each.network) } : {}),
    })),
  };
}

function lookUp({ standing, whitelist, policy, enforcement }: BanVerbsOptions, network: Network) {
  const covering = [...standing.values()].filter((each) => covers(each.network, network));
  return {
    network,
    bans: covering.map(describeBan),
    whitelistedBy: whitelist.overlapping(network),
    refusal: policy.refuseAddress(network),
    enforcement: enforcement.of(network),
  };
}

async function history({ ledger }: BanVerbsOptions, args: Arguments) {
  const network = argument.optionalNetwork(args);
  const client = argument.optionalText(args, 'client');
  const jail = argument.optionalText(args, 'jail');
  const entries = await ledger.history({
    most: argument.count(args, 'most', 50),
    ...(network === undefined ? {} : { network }),
    ...(client === undefined ? {} : { client }),
    ...(jail === undefined ? {} : { jail }),
  });
  return {
    history: entries.map((entry) => ({
      ...entry,
      ...(entry.endsAt === undefined ? {} : { endsAt: finite(entry.endsAt) }),
    })),
  };
}

/** Whitelisting lifts what it covers, and what covers it. */
async function allow({ record, clock }: BanVerbsOptions, args: Arguments) {
  const network = argument.network(args);
  const seconds = argument.optionalDuration(args, 'for') ?? null;
  const note = argument.text(
    { note: '', ...args },
    'note',
    /^[^\p{Cc}]{0,200}$/u,
    'up to 200 characters, no control characters',
  );
  const lifted = await record.write((draft) => allowInDraft(draft, entryFor(network, seconds, note, clock)));
  return { network, lifted: lifted.map(describeLifted) };
}

function allowInDraft(draft: Draft, entry: WhitelistEntry): Report[] {
  draft.changes.push({ kind: 'allowed', entry, actor });
  const overlapping = [...draft.networks()].filter((other) => isTouched(other, entry.network));
  const reports = overlapping.flatMap((other) => draft.reportsOf(other)).filter(({ isLifted }) => !isLifted);
  for (const report of reports) draft.lift(report, 'whitelisted', actor);
  return reports;
}

/** Whether a whitelist entry forbids a ban, in its IPv6 clothes too. */
function isTouched(banned: Network, allowed: Network): boolean {
  return [banned, embeddedIpv4(banned)].some(
    (network) => network !== undefined && (covers(allowed, network) || covers(network, allowed)),
  );
}

function listAllowed({ whitelist }: BanVerbsOptions) {
  return {
    configured: whitelist.configured,
    timed: whitelist.timed.map((entry) => ({ ...entry, endsAt: finite(entry.endsAt) })),
  };
}

async function disallow({ record, whitelist }: BanVerbsOptions, args: Arguments) {
  const network = argument.network(args);
  const isTimed = whitelist.timed.some((entry) => entry.network === network);
  const isConfigured = whitelist.configured.includes(network);
  if (isTimed)
    await record.write((draft) => draft.changes.push({ kind: 'disallowed', network, actor, reason: 'removed' }));
  return { network, removed: isTimed, isConfigured };
}

function entryFor(network: Network, seconds: number | null, note: string, clock: Clock): WhitelistEntry {
  const addedAt = clock.now();
  return { network, addedAt, note, endsAt: seconds === null ? Number.POSITIVE_INFINITY : addedAt + seconds * 1_000 };
}

function describeBan(each: Ban) {
  return { network: each.network, endsAt: finite(endOf(each)), reports: each.reports.map(describeReport) };
}

function describeLifted(report: Report) {
  return { network: report.network, ...describeReport(report) };
}

function describeReport({ client, jail, source, reportedAt, endsAt }: Report) {
  return { client, jail, source, reportedAt, endsAt: finite(endsAt) };
}
