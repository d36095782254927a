import type { Clock } from '../../shared/clock.ts';
import { endAfter } from '../../shared/end-after.ts';
import type { LocalVerb } from '../../shared/host/local-socket.ts';
import { noteAlphabet, notePattern } from '../../shared/names.ts';
import { familyOf, type Network, prefixLengthOf } from '../../shared/network.ts';
import type { Refusal } from '../../shared/refusal.ts';
import type { Whitelist } from '../policy/whitelist.ts';
import type { Rescue } from '../rescue/rescue.ts';
import { type Arguments, argument } from './arguments.ts';
import { describeLifted, finite } from './describe-bans.ts';

export interface WhitelistVerbsOptions {
  /** Who asks, as history shows it. */
  readonly actor: string;
  readonly rescue: Rescue;
  readonly whitelist: Whitelist;
  readonly clock: Clock;
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
async function allow({ actor, rescue, clock }: WhitelistVerbsOptions, args: Arguments) {
  const network = argument.network(args);
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

function listAllowed({ whitelist }: WhitelistVerbsOptions) {
  return {
    configured: whitelist.configured,
    fromFile: whitelist.fromFile,
    timed: whitelist.timed.map((entry) => ({ ...entry, endsAt: finite(entry.endsAt) })),
  };
}

/** Takes an entry made at run time away. `failed` when another, as one of the configuration, still whitelists the network. */
async function disallow({ actor, rescue, whitelist }: WhitelistVerbsOptions, args: Arguments) {
  const network = argument.network(args);
  const removed = whitelist.timed.some((entry) => entry.network === network);
  const { unwritten } = removed ? await rescue.decide({ kind: 'disallowed', network, actor }) : {};
  const outcome = { removed, ...(unwritten === undefined ? {} : { unwritten }) };
  const other = whitelist.overlapping(network);
  if (other === undefined) return { network, outcome: 'done', ...outcome };
  return { network, outcome: 'failed', ...outcome, still: { network: other, where: whitelist.whereabouts(other) } };
}
