import type { Clock } from '../../shared/clock.ts';
import { type DnsName, dnsNameAllowed, parseDnsName } from '../../shared/dns/dns-name.ts';
import { namesMax } from '../../shared/dns/known-names.ts';
import { endAfter } from '../../shared/end-after.ts';
import { ArgumentError, type LocalVerb } from '../../shared/host/local-socket.ts';
import { noteAlphabet, notePattern } from '../../shared/names.ts';
import { familyOf, type Network, parseNetwork, prefixLengthOf } from '../../shared/network.ts';
import { quote, type Refusal } from '../../shared/refusal.ts';
import type { Whitelist } from '../policy/whitelist.ts';
import type { WhitelistName, WhitelistNames } from '../policy/whitelist-names.ts';
import type { Rescue } from '../rescue/rescue.ts';
import { type Arguments, argument } from './arguments.ts';
import { describeLifted, finite } from './describe-bans.ts';

export interface WhitelistVerbsOptions {
  /** Who asks, as history shows it. */
  readonly actor: string;
  readonly rescue: Rescue;
  readonly whitelist: Whitelist;
  readonly whitelistNames: WhitelistNames;
  readonly clock: Clock;
  /** Aborted when the server stops: no answer waits for DNS then. */
  readonly signal: AbortSignal;
}

/** The shortest prefix of a run-time entry, by family: a slip of the pen must not open every firewall to everybody. */
const widestEntry = { 4: 8, 6: 16 } as const;

/** `allow-add`, `allow-list`, `allow-remove`. */
export function whitelistVerbs(options: WhitelistVerbsOptions): [string, LocalVerb][] {
  return [
    ['allow-add', (args) => allow(options, args)],
    ['allow-list', () => listAllowed(options)],
    ['allow-remove', (args) => disallow(options, args)],
  ];
}

/** Whitelisting lifts what it covers, and what covers it. */
async function allow(options: WhitelistVerbsOptions, args: Arguments) {
  const { actor, rescue, clock } = options;
  const name = nameIn(args);
  if (name !== undefined) return await allowName(options, name, args);
  const network = networkIn(args);
  const seconds = argument.optionalDuration(args, 'for') ?? null;
  const note = argument.text({ note: '', ...args }, 'note', notePattern, noteAlphabet);
  const refusal = refuseWideEntry(network);
  if (refusal !== undefined) return { network, outcome: 'refused', ...refusal };
  const addedAt = clock.now();
  const entry = { network, addedAt, endsAt: endAfter(addedAt, seconds), note };
  const { lifted, ...outcome } = await rescue.decide({ kind: 'allowed', entry, actor });
  return { network, endsAt: finite(entry.endsAt), lifted: lifted.map(describeLifted), ...outcome };
}

/** Why a network is too wide to be whitelisted by a command. */
export function refuseWideEntry(network: Network): Refusal | undefined {
  const widest = widestEntry[familyOf(network)];
  if (prefixLengthOf(network) >= widest) return undefined;
  const detail = `${network} is wider than /${widest}, the widest that a command whitelists; [policy] whitelist of server.ini takes it`;
  return { code: 'too-wide', detail };
}

function listAllowed({ whitelist, whitelistNames }: WhitelistVerbsOptions) {
  return {
    configured: whitelist.configured,
    fromFile: whitelist.fromFile,
    timed: whitelist.timed.map((entry) => ({ ...entry, endsAt: finite(entry.endsAt) })),
    names: whitelistNames.list().map(describeName),
  };
}

/** Whitelists what a name means, whenever it means that. Lifts nothing: bans are held back as long as it does. */
async function allowName(options: WhitelistVerbsOptions, name: DnsName, args: Arguments) {
  const { actor, rescue, whitelistNames, clock, signal } = options;
  if (!whitelistNames.hasRoomFor(name))
    return { network: name, outcome: 'refused', code: 'quota-exceeded', detail: `${namesMax} names are whitelisted` };
  const seconds = argument.optionalDuration(args, 'for') ?? null;
  const note = argument.text({ note: '', ...args }, 'note', notePattern, noteAlphabet);
  const addedAt = clock.now();
  const entry = { name, addedAt, endsAt: endAfter(addedAt, seconds), note };
  const { lifted, ...outcome } = await rescue.decide({ kind: 'name-allowed', entry, actor });
  await whitelistNames.look(signal);
  const found = whitelistNames.list().find((each) => each.name === name);
  const means = found && {
    networks: found.networks,
    answered: found.isAnswered,
    ...(found.trouble === undefined ? {} : { trouble: found.trouble }),
  };
  const named = { network: name, endsAt: finite(entry.endsAt), lifted: lifted.map(describeLifted) };
  return { ...named, ...(means === undefined ? {} : { means }), ...outcome };
}

async function disallowName({ actor, rescue, whitelistNames }: WhitelistVerbsOptions, name: DnsName) {
  const removed = whitelistNames.timed.some((entry) => entry.name === name);
  const { unwritten } = removed ? await rescue.decide({ kind: 'name-disallowed', name, actor }) : {};
  const outcome = { removed, ...(unwritten === undefined ? {} : { unwritten }) };
  if (!whitelistNames.isConfigured(name)) return { network: name, outcome: 'done', ...outcome };
  const still = { network: name, where: 'by [policy] whitelist of server.ini' };
  return { network: name, outcome: 'failed', ...outcome, still };
}

/** What stands where a network may, if it is a DNS name. */
function nameIn({ network }: Arguments): DnsName | undefined {
  return typeof network === 'string' ? parseDnsName(network) : undefined;
}

/** @throws ArgumentError that names both that are allowed */
function networkIn({ network }: Arguments): Network {
  const parsed = typeof network === 'string' ? parseNetwork(network) : undefined;
  if (parsed !== undefined) return parsed;
  throw new ArgumentError(
    `network: ${quote(network)} is not an IPv4 or IPv6 address or CIDR, and not ${dnsNameAllowed}`,
  );
}

function describeName({ name, networks, entry, since, nextLookAt, trouble, isAnswered }: WhitelistName) {
  return {
    name,
    networks,
    answered: isAnswered,
    endsAt: entry === undefined ? null : finite(entry.endsAt),
    note: entry?.note ?? '[policy] whitelist of server.ini',
    since: since ?? null,
    nextLookAt: nextLookAt ?? null,
    trouble: trouble ?? null,
  };
}

/** Takes an entry made at run time away. `failed` when another, as one of the configuration, still whitelists the network. */
async function disallow(options: WhitelistVerbsOptions, args: Arguments) {
  const { actor, rescue, whitelist } = options;
  const name = nameIn(args);
  if (name !== undefined) return await disallowName(options, name);
  const network = networkIn(args);
  const removed = whitelist.timed.some((entry) => entry.network === network);
  const { unwritten } = removed ? await rescue.decide({ kind: 'disallowed', network, actor }) : {};
  const outcome = { removed, ...(unwritten === undefined ? {} : { unwritten }) };
  const other = whitelist.overlapping(network);
  if (other === undefined) return { network, outcome: 'done', ...outcome };
  return { network, outcome: 'failed', ...outcome, still: { network: other, where: whitelist.whereabouts(other) } };
}
