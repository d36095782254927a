import { formatDuration } from '../../shared/duration.ts';
import { hasCode } from '../../shared/errors.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import type { Verb } from '../../shared/frames.ts';
import { callLocalSocket, NotAnsweringError, NotRunningError } from '../../shared/host/local-socket.ts';
import { findSupervisor } from '../../shared/host/supervisor.ts';
import type { Labels } from '../../shared/labels.ts';
import type { Network } from '../../shared/network.ts';
import { type AgentSettings, loadAgentSettings } from '../agent-settings.ts';
import { appendToQueue } from '../queue.ts';
import { formatHandLine } from '../queue-line.ts';
import { agentService } from '../services.ts';
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
  if (typeof handed === 'string') return keep(context, agent, { submission, why: handed });
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

/** Why the agent was not handed an event: it does not run, or ended before it answered; or it does not answer. */
type NotHanded = 'not-running' | 'not-answering';

/** When the agent ended before it answered the event is handed over again: what is said twice takes effect once. */
async function hand(
  { clock }: CommandContext,
  { socket }: AgentSettings,
  { waitMs: _, ...event }: Submission,
): Promise<Handed | NotHanded> {
  try {
    const notBanned = event.verb === 'ban' ? [] : await serversWithout(clock, socket, event.network);
    return { answer: await callLocalSocket(socket, 'submit', event), notBanned };
  } catch (error) {
    if (error instanceof NotAnsweringError) return 'not-answering';
    if (error instanceof NotRunningError || hasCode(error, 'ECONNRESET') || hasCode(error, 'EPIPE'))
      return 'not-running';
    throw error;
  }
}

async function keep(
  context: CommandContext,
  { spool, socket }: AgentSettings,
  { submission, why }: { readonly submission: Submission; readonly why: NotHanded },
): Promise<ExitCode> {
  const { waitMs: _, ttlSeconds: bantimeSeconds, ...event } = submission;
  const line = formatHandLine({ ...event, bantimeSeconds, failedAt: context.clock.now() });
  await appendToQueue(spool, line);
  show(context, { kept: true, spool }, [
    headline(submission),
    ...explain(why, { spool, socket, config: context.config }),
  ]);
  return exitCodes.temporary;
}

interface AgentPlaces extends Pick<AgentSettings, 'spool' | 'socket'> {
  readonly config: string;
}

function explain(why: NotHanded, { spool, socket, config }: AgentPlaces): readonly string[] {
  const [supervisor, agent] = [findSupervisor(), agentService(config)];
  if (why === 'not-running') {
    const kept = `kept in ${spool}/queue and sent when it starts`;
    return [`The agent is not running (${socket}): ${kept}.`, `Start it: ${supervisor.start(agent)}`];
  }
  const kept = `kept in ${spool}/queue and sent when it goes on`;
  return [
    `The agent does not answer (${socket}), it is stopped or overloaded: ${kept}.`,
    `Restart it: ${supervisor.restart(agent)}`,
  ];
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
