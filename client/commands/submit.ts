import { formatDuration } from '../../shared/duration.ts';
import { hasCode } from '../../shared/errors.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import type { Verb } from '../../shared/frames.ts';
import { callLocalSocket, NotRunningError } from '../../shared/host/local-socket.ts';
import type { Labels } from '../../shared/labels.ts';
import type { Network } from '../../shared/network.ts';
import { type AgentSettings, loadAgentSettings } from '../agent-settings.ts';
import { appendToQueue } from '../queue.ts';
import { formatHandLine } from '../queue-line.ts';
import { type ServerPart, serverParts, textOf } from './answers.ts';
import { awaitEnforcement } from './await-enforcement.ts';
import { type CommandContext, show } from './command-context.ts';
import { describeListed, jailThatStillBans, serversWithout } from './look-around-unban.ts';

/** A ban, unban or lift by hand. */
export interface Submission {
  readonly verb: Verb;
  readonly network: Network;
  readonly jail: string;
  /** null is permanent. */
  readonly ttlSeconds: number | null;
  /** Only of a ban. */
  readonly labels?: Labels;
  /** How long to wait for the firewalls; undefined does not wait. */
  readonly waitMs: number | undefined;
}

/** `ban`, `unban` and `lift`: hands the event to the agent and says what each server answered. */
export async function submit(context: CommandContext, submission: Submission): Promise<ExitCode> {
  const agent = await loadAgentSettings(context.config);
  const handed = await hand(context, agent, submission);
  if (handed === undefined) return keep(context, agent, submission);
  const { answer, notBanned } = handed;
  const parts = serverParts(answer);
  const listedIn = await jailThatStillBans(agent, submission);
  if (!context.isJson) for (const line of describe(submission, { parts, notBanned, listedIn })) context.print(line);
  const exit = exitCodeOf(parts);
  const awaiting =
    exit === exitCodes.done
      ? await awaitEnforcement(context, { ...submission, socket: agent.socket })
      : { exit, found: {} };
  const listed = listedIn === undefined ? {} : { listedIn };
  if (context.isJson) context.print(JSON.stringify({ ...answer, notBanned, ...listed, ...awaiting.found }));
  return awaiting.exit;
}

interface Handed {
  readonly answer: Readonly<Record<string, unknown>>;
  /** Servers at which nobody banned what is unbanned. */
  readonly notBanned: readonly string[];
}

/**
 * Undefined when the agent does not run, or ended before it answered: then the event is handed over again, behind all else,
 * and what is said twice takes effect as if it were said once.
 */
async function hand(
  { clock }: CommandContext,
  { socket }: AgentSettings,
  { waitMs: _, ...event }: Submission,
): Promise<Handed | undefined> {
  try {
    const notBanned = event.verb === 'ban' ? [] : await serversWithout(clock, socket, event.network);
    return { answer: await callLocalSocket(socket, 'submit', event), notBanned };
  } catch (error) {
    if (error instanceof NotRunningError || hasCode(error, 'ECONNRESET') || hasCode(error, 'EPIPE')) return undefined;
    throw error;
  }
}

async function keep(
  context: CommandContext,
  { spool, socket }: AgentSettings,
  submission: Submission,
): Promise<ExitCode> {
  const { waitMs: _, ttlSeconds: bantimeSeconds, ...event } = submission;
  const line = formatHandLine({ ...event, bantimeSeconds, failedAt: context.clock.now() });
  await appendToQueue(spool, line);
  show(context, { kept: true, spool }, [
    headline(submission),
    `The agent is not running (${socket}): kept in ${spool}/queue and sent when it starts (systemctl start fail2networkban-agent).`,
  ]);
  return exitCodes.temporary;
}

function headline({ verb, network, jail, ttlSeconds }: Submission): string {
  if (verb === 'lift') return `lift ${network} (all reports of all hosts)`;
  return `${verb} ${network} (jail ${jail}${verb === 'ban' ? `, ${formatDuration(ttlSeconds)}` : ''})`;
}

interface Answered {
  readonly parts: readonly ServerPart[];
  readonly notBanned: readonly string[];
  /** The jail that still bans what was unbanned. */
  readonly listedIn: string | undefined;
}

function describe(submission: Submission, { parts, notBanned, listedIn }: Answered): readonly string[] {
  return [
    headline(submission),
    ...parts.map((part) => describePart(part, notBanned.includes(part.server) ? submission.network : undefined)),
    ...(listedIn === undefined ? [] : [describeListed(listedIn, submission.network)]),
  ];
}

/** @param unbanned the network of an unban, where nobody banned it */
function describePart(part: ServerPart, unbanned: Network | undefined): string {
  const outcome = textOf(part['outcome']);
  if (outcome === 'refused') return `${part.server}: refused: ${textOf(part['code'])}: ${textOf(part['detail'])}`;
  if (outcome === 'waiting') return `${part.server}: not answered, kept in the queue: ${textOf(part['reason'])}`;
  return unbanned === undefined ? `${part.server}: ${outcome}` : `${part.server}: ${unbanned} is not banned`;
}

/** A refusal is said before a delay: it will not go away by itself. */
function exitCodeOf(parts: readonly ServerPart[]): ExitCode {
  const outcomes = parts.map((part) => part['outcome']);
  if (outcomes.includes('refused')) return exitCodes.refused;
  return outcomes.includes('waiting') ? exitCodes.temporary : exitCodes.done;
}
