import { formatDuration } from '../../shared/duration.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { showJail } from '../../shared/jail-name.ts';
import { formatTable } from '../../shared/table.ts';
import { loadAgentSettings } from '../agent-settings.ts';
import { listOf, type ServerPart, serverParts, textOf } from './answers.ts';
import { type CommandContext, show } from './command-context.ts';

/** `bans`: what each server holds of this host. Exit 75 while one gives no answer. */
export async function listBans(context: CommandContext): Promise<ExitCode> {
  const { socket } = await loadAgentSettings(context.config);
  const answer = await callLocalSocket(socket, 'bans', {});
  const parts = serverParts(answer);
  const silent = parts.filter(({ reason }) => reason !== undefined);
  const table = formatTable(columns, parts.flatMap(rowsOf), 'no bans of this host');
  show(context, answer, [
    ...(silent.length === parts.length && parts.length > 0 ? [] : [table]),
    ...parts.flatMap(failingLines),
    ...silent.map(({ server, reason }) => `${server}: its bans are not known now: ${textOf(reason)}`),
  ]);
  return silent.length > 0 ? exitCodes.temporary : exitCodes.done;
}

const columns = ['SERVER', 'NETWORK', 'JAIL', 'ENDS IN', 'NOT BLOCKED BY'];

/** Firewalls of a server that do not answer as they should, whatever they block. */
function failingLines({ server, enforcement }: ServerPart): string[] {
  return listOf(enforcement).map((each) => `${server}: ${describeFirewall(each)}`);
}

function describeFirewall({ enforcer, state, detail }: Readonly<Record<string, unknown>>): string {
  return `${textOf(enforcer)} ${textOf(state)}${detail === undefined ? '' : `: ${textOf(detail)}`}`;
}

function rowsOf({ server, bans }: ServerPart): string[][] {
  return listOf(bans).map(({ network, jail, ttlSeconds, enforcement }) => [
    server,
    textOf(network),
    showJail(textOf(jail)),
    formatDuration(typeof ttlSeconds === 'number' ? ttlSeconds : null),
    listOf(enforcement).map(describeFirewall).join(', '),
  ]);
}
