import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { showJail } from '../../shared/jail-name.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { loadAgentSettings } from '../agent-settings.ts';
import { type Fail2ban, Fail2banError } from '../fail2ban-client.ts';
import { fail2banOf } from '../fail2ban-of.ts';
import { readWiredJails } from '../jails/jail-reader.ts';
import { type ServerPart, serverParts, textOf } from './answers.ts';
import { type CommandContext, show } from './command-context.ts';

/** `resend JAIL`: sends the jail's whole list to every server. Exit 64 when there is no such jail. */
export async function resend(context: CommandContext, jail: string): Promise<ExitCode> {
  const { socket } = await loadAgentSettings(context.config);
  const answer = await callLocalSocket(socket, 'resend', { jail });
  const parts = serverParts(answer);
  show(context, answer, parts.map(describe));
  return exitCodeOf(parts);
}

/** `resend --all`: the same for each jail that hands over. Exit 75 when fail2ban does not answer. */
export async function resendAll(context: CommandContext): Promise<ExitCode> {
  const agent = await loadAgentSettings(context.config);
  const { socket } = agent;
  const jails = await listJails(context, fail2banOf(agent));
  if (jails === undefined) return exitCodes.temporary;
  // At once: the agent reads all lists together, and confirms them with one pause.
  const answers = await Promise.all(jails.map((jail) => callLocalSocket(socket, 'resend', { jail })));
  const lines = answers.flatMap((answer) =>
    serverParts(answer).map((part) => `${showJail(textOf(answer['jail']))}: ${describe(part)}`),
  );
  show(context, { jails: answers }, jails.length === 0 ? ['no jail has the action fail2networkban'] : lines);
  return exitCodeOf(answers.flatMap(serverParts));
}

/** Undefined: fail2ban does not answer, which is said. */
async function listJails(context: CommandContext, fail2ban: Fail2ban): Promise<readonly string[] | undefined> {
  try {
    return (await readWiredJails(fail2ban, new AbortController().signal)).map(({ jail }) => jail);
  } catch (error) {
    if (!(error instanceof Fail2banError)) throw error;
    show(context, { reason: error.message }, [`not sent: ${error.message}`]);
    return undefined;
  }
}

function exitCodeOf(parts: readonly ServerPart[]): ExitCode {
  if (parts.some(({ kind }) => kind === 'unknown-jail')) return exitCodes.usage;
  return parts.every(({ kind }) => kind === 'settled') ? exitCodes.done : exitCodes.temporary;
}

function describe({ server, kind, reason, frame }: ServerPart): string {
  if (kind !== 'settled' || !isObject(frame)) return `${server}: not sent: ${textOf(reason)}`;
  const refused = Object.entries(isObject(frame['refused']) ? frame['refused'] : {});
  const refusals = refused.map(([code, count]) => `, ${textOf(count)} refused: ${code}`).join('');
  const lifted = Number(frame['lifted'] ?? 0);
  const marked = lifted > 0 ? `, ${lifted} lifted by an operator, still in the jail` : '';
  const unlisted = Array.isArray(frame['unlisted']) ? frame['unlisted'].length : 0;
  const watched = unlisted > 0 ? `, ${unlisted} not in the jail: withdrawn when that is certain` : '';
  return `${server}: ${textOf(frame['added'])} added${refusals}${marked}${watched}`;
}
