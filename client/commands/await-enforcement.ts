import { sleep } from '../../shared/clock.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import type { Verb } from '../../shared/frames.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import type { Network } from '../../shared/network.ts';
import { listOf, serverParts, textOf } from './answers.ts';
import type { CommandContext } from './command-context.ts';

export interface Awaited {
  readonly verb: Verb;
  readonly network: Network;
  readonly socket: string;
  /** Undefined only says whether others still ban what was unbanned. */
  readonly waitMs: number | undefined;
}

/** A firewall of a server, and whether it is as it should be. */
interface Firewall {
  readonly name: string;
  readonly state: string;
  /** Why, where the server says it. */
  readonly detail: string;
  readonly isReady: boolean;
  /** Whether an entry that is not the server's blocks what nobody bans: no waiting ends that. */
  readonly isForeign: boolean;
}

interface Look {
  readonly firewalls: readonly Firewall[];
  /** Servers that gave no answer, with the reason. */
  readonly silent: readonly string[];
  /** Servers at which another report still bans the network. */
  readonly stillBanned: readonly string[];
}

/** What came of waiting: beside the exit code, the fields that it adds to the answer in JSON. */
export interface Awaiting {
  readonly exit: ExitCode;
  readonly found: {
    readonly stillBanned?: readonly string[];
    readonly stillBlocked?: readonly StillBlocked[];
    readonly firewalls?: readonly Reached[];
    readonly missing?: readonly string[];
  };
}

/** A firewall whose entry outlives the unban, and which entry that is. */
interface StillBlocked {
  readonly firewall: string;
  readonly detail: string;
}

/** A firewall that came to be as it should. */
interface Reached {
  readonly firewall: string;
  readonly state: string;
  readonly afterMs: number;
}

const lookEveryMs = 200;

/** After every server has the event: waits until every firewall has it too, and says when each does. */
export async function awaitEnforcement(context: CommandContext, awaited: Awaited): Promise<Awaiting> {
  if (awaited.waitMs === undefined && awaited.verb === 'ban') return { exit: exitCodes.done, found: {} };
  const startedMs = context.clock.elapsed();
  const first = await look(awaited);
  const foreign = sayForeign(context, awaited, first);
  if (first.stillBanned.length > 0) return sayOthers(context, { awaited, foreign }, first);
  if (awaited.waitMs === undefined) return { exit: exitCodes.done, found: foreign };
  const { exit, found } = await awaitFirewalls(context, { ...awaited, waitMs: awaited.waitMs, startedMs }, first);
  return { exit, found: { ...foreign, ...found } };
}

interface Patience extends Awaited {
  readonly waitMs: number;
  readonly startedMs: number;
}

async function awaitFirewalls(context: CommandContext, patience: Patience, first: Look): Promise<Awaiting> {
  const { clock } = context;
  const firewalls = new Map<string, Reached>();
  for (let now = first; ; now = await look(patience)) {
    const passedMs = clock.elapsed() - patience.startedMs;
    for (const { name, state } of now.firewalls.filter(({ name, isReady }) => isReady && !firewalls.has(name))) {
      firewalls.set(name, { firewall: name, state, afterMs: Math.round(passedMs) });
      say(context, `${name}: ${state} after ${(passedMs / 1_000).toFixed(1)} s`);
    }
    const missing = missingOf(now);
    const found = { firewalls: [...firewalls.values()] };
    if (missing.length === 0) return { exit: exitCodes.done, found };
    if (passedMs >= patience.waitMs) {
      for (const line of missing) say(context, `${line}, still so after ${patience.waitMs / 1_000} s`);
      return { exit: exitCodes.temporary, found: { ...found, missing } };
    }
    await sleep(clock, lookEveryMs, new AbortController().signal);
  }
}

async function look({ socket, network, verb }: Awaited): Promise<Look> {
  const parts = serverParts(await callLocalSocket(socket, 'enforcement', { network }));
  const wanted = verb === 'ban' ? 'in-force' : 'absent';
  return {
    firewalls: parts.flatMap(({ server, enforcement, banned }) =>
      listOf(enforcement).map(({ enforcer, state, detail }) => ({
        name: `${server}: ${textOf(enforcer)}`,
        state: textOf(state),
        detail: textOf(detail),
        isReady: state === wanted,
        isForeign: verb !== 'ban' && state === 'in-force' && banned === false,
      })),
    ),
    silent: parts
      .filter(({ reason }) => reason !== undefined)
      .map(({ server, reason }) => `${server}: ${textOf(reason)}`),
    stillBanned: verb !== 'ban' ? parts.filter(({ banned }) => banned === true).map(({ server }) => server) : [],
  };
}

/** Names what outlives every unban. */
function sayForeign(context: CommandContext, { network }: Awaited, { firewalls }: Look): Awaiting['found'] {
  const held = firewalls.filter(({ isForeign }) => isForeign);
  for (const { name, detail } of held) say(context, `${name}: ${network} is still blocked by ${detail}`);
  return held.length === 0 ? {} : { stillBlocked: held.map(({ name, detail }) => ({ firewall: name, detail })) };
}

/** One host's unban does not lift another's ban, and one jail's not another jail's. */
function sayOthers(
  context: CommandContext,
  { awaited: { network }, foreign }: { readonly awaited: Awaited; readonly foreign: Awaiting['found'] },
  { stillBanned }: Look,
): Awaiting {
  for (const server of stillBanned)
    say(context, `${server}: ${network} stays banned: another jail or host reports it too, or a wider ban covers it`);
  return { exit: exitCodes.done, found: { ...foreign, stillBanned } };
}

function missingOf({ firewalls, silent }: Look): readonly string[] {
  const late = firewalls.filter(({ isReady, isForeign }) => !isReady && !isForeign);
  return [
    ...late.map(({ name, state, detail }) => `${name}: ${state}${detail === '' ? '' : `: ${detail}`}`),
    ...silent,
  ];
}

/** As it happens; in JSON all of it is part of the one answer. */
function say(context: CommandContext, line: string): void {
  if (!context.isJson) context.print(line);
}
