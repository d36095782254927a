import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { loadAgentSettings } from '../agent-settings.ts';
import { type ServerPart, serverParts, textOf } from './answers.ts';
import { type CommandContext, show } from './command-context.ts';

/** `resend JAIL`: sends the jail's whole list to every server. Exit 64 when there is no such jail. */
export async function resend(context: CommandContext, jail: string): Promise<ExitCode> {
  const { socket } = await loadAgentSettings(context.config);
  const answer = await callLocalSocket(socket, 'resend', { jail });
  const parts = serverParts(answer);
  show(context, answer, parts.map(describe));
  if (parts.some(({ kind }) => kind === 'unknown-jail')) return exitCodes.usage;
  return parts.every(({ kind }) => kind === 'settled') ? exitCodes.done : exitCodes.temporary;
}

function describe({ server, kind, reason, frame }: ServerPart): string {
  if (kind !== 'settled' || !isObject(frame)) return `${server}: not sent: ${textOf(reason)}`;
  const refused = Object.entries(isObject(frame['refused']) ? frame['refused'] : {});
  const refusals = refused.map(([code, count]) => `, ${textOf(count)} refused: ${code}`).join('');
  const lifted = Number(frame['lifted'] ?? 0);
  const marked = lifted > 0 ? `, ${lifted} lifted by an operator, still in the jail` : '';
  return `${server}: ${textOf(frame['added'])} added, ${textOf(frame['withdrawn'])} withdrawn${refusals}${marked}`;
}
