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
  readonly isReady: boolean;
}

interface Look {
  readonly firewalls: readonly Firewall[];
  /** Servers that gave no answer, with the reason. */
  readonly silent: readonly string[];
  /** Servers at which another report still bans the network. */
  readonly stillBanned: readonly string[];
}

const lookEveryMs = 200;

/** After every server has the event: waits until every firewall has it too, and says when each does. */
export async function awaitEnforcement(context: CommandContext, awaited: Awaited): Promise<ExitCode> {
  const { clock } = context;
  const startedMs = clock.elapsed();
  const said = new Set<string>();
  const first = awaited.waitMs === undefined && awaited.verb === 'ban' ? undefined : await look(awaited);
  if (first === undefined || sayOthers(context, awaited, first) || awaited.waitMs === undefined) return exitCodes.done;
  for (let now = first; ; now = await look(awaited)) {
    const passedMs = clock.elapsed() - startedMs;
    for (const { name, state } of now.firewalls.filter(({ name, isReady }) => isReady && !said.has(name))) {
      said.add(name);
      say(
        context,
        { firewall: name, state, afterMs: Math.round(passedMs) },
        `${name}: ${state} after ${(passedMs / 1_000).toFixed(1)} s`,
      );
    }
    if (now.silent.length === 0 && now.firewalls.every(({ isReady }) => isReady)) return exitCodes.done;
    if (passedMs >= awaited.waitMs) return giveUp(context, now, awaited.waitMs);
    await sleep(clock, lookEveryMs, new AbortController().signal);
  }
}

async function look({ socket, network, verb }: Awaited): Promise<Look> {
  const parts = serverParts(await callLocalSocket(socket, 'enforcement', { network }));
  const wanted = verb === 'ban' ? 'in-force' : 'absent';
  return {
    firewalls: parts.flatMap(({ server, enforcement }) =>
      listOf(enforcement).map(({ enforcer, state }) => ({
        name: `${server}: ${textOf(enforcer)}`,
        state: textOf(state),
        isReady: state === wanted,
      })),
    ),
    silent: parts
      .filter(({ reason }) => reason !== undefined)
      .map(({ server, reason }) => `${server}: ${textOf(reason)}`),
    stillBanned: verb !== 'ban' ? parts.filter(({ banned }) => banned === true).map(({ server }) => server) : [],
  };
}

/** One host's unban does not lift another's ban, and one jail's not another jail's. */
function sayOthers(context: CommandContext, { network }: Awaited, { stillBanned }: Look): boolean {
  for (const server of stillBanned) {
    say(
      context,
      { server, stillBanned: true },
      `${server}: ${network} stays banned: another jail or host reports it too, or a wider ban covers it`,
    );
  }
  return stillBanned.length > 0;
}

function giveUp(context: CommandContext, { firewalls, silent }: Look, waitMs: number): ExitCode {
  const missing = [
    ...firewalls.filter(({ isReady }) => !isReady).map(({ name, state }) => `${name}: ${state}`),
    ...silent,
  ];
  say(context, { missing }, ...missing.map((line) => `${line}, still so after ${waitMs / 1_000} s`));
  return exitCodes.temporary;
}

function say(context: CommandContext, value: object, ...lines: readonly string[]): void {
  if (context.isJson) context.print(JSON.stringify(value));
  else for (const line of lines) context.print(line);
}
