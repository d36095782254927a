import { formatDuration } from '../../shared/duration.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { loadAgentSettings } from '../agent-settings.ts';
import { listOf, type ServerPart, serverParts, textOf } from './answers.ts';
import { type CommandContext, show } from './command-context.ts';

/** `status`: the agent, its queue and its servers. Exit 75 while a server is not connected. */
export async function showStatus(context: CommandContext): Promise<ExitCode> {
  const { socket } = await loadAgentSettings(context.config);
  const status = await callLocalSocket(socket, 'status', {});
  const parts = serverParts(status);
  show(context, status, [...describeAgent(status), ...parts.flatMap(describeServer), ...describeRefusals(status)]);
  return parts.every(({ state }) => isObject(state) && state['kind'] === 'connected')
    ? exitCodes.done
    : exitCodes.temporary;
}

function describeAgent(status: Readonly<Record<string, unknown>>): string[] {
  const unreadable = Number(status['unreadableLines'] ?? 0);
  const lines = [`agent: running, ${textOf(status['lastNumber'])} events taken over`];
  if (unreadable > 0) lines.push(`unreadable lines: ${unreadable}, see ${textOf(status['unreadableFile'])}`);
  return lines;
}

function describeServer({ server, state, waiting, oldestWaitingMs, lastError }: ServerPart): string[] {
  const age = typeof oldestWaitingMs === 'number' ? `, the oldest for ${formatDuration(oldestWaitingMs / 1_000)}` : '';
  const lines = [`${server}: ${describeState(state)}, ${textOf(waiting)} waiting${age}`];
  if (isObject(lastError))
    lines.push(`${server}: last error ${textOf(lastError['at'])}: ${textOf(lastError['reason'])}`);
  return lines;
}

function describeState(state: unknown): string {
  if (!isObject(state)) return 'unknown';
  const { kind, name, since, code, reason, nextTryInMs } = state;
  if (kind === 'connected') return `connected to ${textOf(name)} since ${textOf(since)}`;
  if (kind !== 'waiting') return textOf(kind);
  return `not connected (${textOf(code)}: ${textOf(reason)}), next try in ${Math.ceil(Number(nextTryInMs) / 1_000)} s`;
}

function describeRefusals({ refusals, lastRefusals }: Readonly<Record<string, unknown>>): string[] {
  const counts = Object.entries(isObject(refusals) ? refusals : {}).map(([code, count]) => `${textOf(count)} ${code}`);
  const last = listOf(lastRefusals).at(-1);
  if (counts.length === 0 || last === undefined) return [];
  return [
    `refused: ${counts.join(', ')}`,
    `last refused: ${textOf(last['verb'])} ${textOf(last['network'])} of jail ${textOf(last['jail'])}: ${textOf(last['detail'])}`,
  ];
}
