import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { loadAgentSettings } from '../agent-settings.ts';
import { listOf, serverParts, textOf } from './answers.ts';
import { type CommandContext, show } from './command-context.ts';

type Part = Readonly<Record<string, unknown>>;

/** `test`: bans an address that nobody has, everywhere, and takes it back. Exit 75 when something did not follow in time. */
export async function test(context: CommandContext): Promise<ExitCode> {
  const { socket } = await loadAgentSettings(context.config);
  const report = await callLocalSocket(socket, 'test', {});
  const servers = serverParts(report);
  const enforcers = listOf(report['enforcers']);
  show(context, report, [
    `${textOf(report['network'])} (an address that nobody has) banned and unbanned:`,
    ...servers.flatMap(describeServer),
    ...enforcers.map((each) => `here: ${describeEnforcer(each)}`),
    ...(enforcers.length === 0 ? ['here: no subscription, so nothing blocks the bans of others on this host'] : []),
  ]);
  const all = [...servers.flatMap(({ firewalls }) => listOf(firewalls)), ...enforcers];
  const isDone =
    servers.every(({ recordedMs }) => typeof recordedMs === 'number') &&
    all.every(({ blockedMs, freedMs }) => typeof blockedMs === 'number' && typeof freedMs === 'number');
  return isDone ? exitCodes.done : exitCodes.temporary;
}

function describeServer({ server, recordedMs, reason, firewalls }: ReturnType<typeof serverParts>[number]): string[] {
  if (typeof recordedMs !== 'number') return [`${server}: not recorded: ${textOf(reason)}`];
  return [
    `${server}: recorded after ${describeTime(recordedMs)}`,
    ...listOf(firewalls).map((each) => `${server}: ${describeEnforcer(each)}`),
  ];
}

function describeEnforcer({ enforcer, blockedMs, freedMs }: Part): string {
  const blocked = typeof blockedMs === 'number' ? `blocked after ${describeTime(blockedMs)}` : 'NOT blocked in time';
  const freed = typeof freedMs === 'number' ? `free again after ${describeTime(freedMs)}` : 'NOT free again in time';
  return `${textOf(enforcer)}: ${blocked}, ${freed}`;
}

function describeTime(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}
