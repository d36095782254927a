import { formatDuration } from '../../shared/duration.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { formatInstant } from '../../shared/instant.ts';
import { plural } from '../../shared/plural.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { loadAgentSettings } from '../agent-settings.ts';
import { noFail2banHere } from '../jails/no-jails.ts';
import { listOf, type ServerPart, serverParts, textOf } from './answers.ts';
import { type CommandContext, show } from './command-context.ts';

/** `status`: the agent, its queue and its servers. Exit 75 while any of them does not do what it should. */
export async function showStatus(context: CommandContext): Promise<ExitCode> {
  const { socket } = await loadAgentSettings(context.config);
  const status = await callLocalSocket(socket, 'status', {});
  const parts = serverParts(status);
  show(context, status, [
    ...describeAgent(status),
    ...parts.flatMap(describeServer),
    ...describeEnforcers(status),
    ...describeRefusals(status),
  ]);
  return parts.every(takesEvents) && works(status) ? exitCodes.done : exitCodes.temporary;
}

/** Whether the agent can write its state, and what blocks here the bans of others does so, and refuses none. */
function works({ faults, enforcers }: Readonly<Record<string, unknown>>): boolean {
  return (
    listOf(faults).length === 0 && listOf(enforcers).every(({ state }) => state !== 'failing' && state !== 'refusing')
  );
}

function takesEvents({ state, postponement }: ServerPart): boolean {
  return isObject(state) && state['kind'] === 'connected' && !isObject(postponement);
}

function describeAgent(status: Readonly<Record<string, unknown>>): string[] {
  const unreadable = Number(status['unreadableLines'] ?? 0);
  const lines = [`agent: running, ${plural(Number(status['lastNumber']), 'event')} taken over`];
  const { unread } = status;
  if (status['fail2ban'] === false) lines.push(noFail2banHere);
  if (isObject(unread))
    lines.push(
      `not taken over yet: ${plural(Number(unread['bytes']), 'byte')} in ${textOf(unread['spool'])} since ${instantOf(unread['since'])}`,
    );
  if (unreadable > 0) lines.push(`${plural(unreadable, 'unreadable line')}, see ${textOf(status['unreadableFile'])}`);
  return [...lines, ...describeDamage(status), ...describeFaults(status)];
}

function describeDamage({ damage }: Readonly<Record<string, unknown>>): string[] {
  return Array.isArray(damage) ? damage.map((sentence) => `DAMAGE: ${textOf(sentence)}`) : [];
}

function describeFaults({ faults }: Readonly<Record<string, unknown>>): string[] {
  return listOf(faults).map(
    ({ what, reason, since }) => `FAULT: ${textOf(what)}: ${textOf(reason)}, since ${instantOf(since)}, tried again`,
  );
}

function describeServer(part: ServerPart): string[] {
  const { server, state, waiting, oldestWaitingMs, postponement, lastError, feed } = part;
  const age = typeof oldestWaitingMs === 'number' ? `, the oldest for ${formatDuration(oldestWaitingMs / 1_000)}` : '';
  const lines = [`${server}: ${describeState(state)}, ${textOf(waiting)} waiting${age}`];
  if (isObject(postponement)) lines.push(`${server}: ${describePostponement(postponement)}`);
  if (isObject(lastError))
    lines.push(`${server}: last error ${instantOf(lastError['at'])}: ${textOf(lastError['reason'])}`);
  if (isObject(feed)) lines.push(`${server}: ${describeFeed(feed)}`);
  return lines;
}

function describePostponement({ code, detail, since }: Readonly<Record<string, unknown>>): string {
  return `takes nothing for now: ${textOf(code)}: ${textOf(detail)}, since ${instantOf(since)}`;
}

function describeFeed({ state, reports, paused }: Readonly<Record<string, unknown>>): string {
  if (state === 'not-permitted')
    return 'this host may not subscribe; on the server: fail2networkban-server client set NAME --may ban,unban,subscribe';
  if (state !== 'known') return 'has not told yet what others ban';
  const hold = paused === true ? ', PAUSED: nothing is blocked until its operator resumes' : '';
  return `tells ${plural(Number(reports), 'ban')} of others${hold}`;
}

function describeEnforcers({ enforcers }: Readonly<Record<string, unknown>>): string[] {
  return listOf(enforcers).map(({ enforcer, state, entries, detail }) => {
    const reason = detail === undefined ? '' : `: ${textOf(detail)}`;
    return `${textOf(enforcer)}: ${textOf(state)}, ${plural(Number(entries), 'network')} blocked${reason}`;
  });
}

function describeState(state: unknown): string {
  if (!isObject(state)) return 'unknown';
  const { kind, name, since, code, reason, nextTryInMs } = state;
  if (kind === 'connected') return `connected to ${textOf(name)} since ${instantOf(since)}`;
  if (kind !== 'waiting') return textOf(kind);
  return `not connected (${textOf(code)}: ${textOf(reason)}), next try in ${formatDuration(Math.ceil(Number(nextTryInMs) / 1_000))}`;
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

/** The report has ISO 8601, for programs. */
function instantOf(value: unknown): string {
  return `${formatInstant(Date.parse(textOf(value)))} UTC`;
}
