import { type Clock, sleep } from '../shared/clock.ts';
import { type Question, verbs } from '../shared/frames.ts';
import { ArgumentError, type LocalVerb } from '../shared/host/local-socket.ts';
import { type Labels, labelsAllowed, readLabels } from '../shared/labels.ts';
import { jailAlphabet, jailPattern } from '../shared/names.ts';
import { type Network, parseNetwork } from '../shared/network.ts';
import { isTtl, isVerb } from '../shared/parse-frame.ts';
import { quote } from '../shared/refusal.ts';
import type { Agent, Destination } from './agent.ts';
import { askServer, whyNot } from './ask-server.ts';
import type { Outcome } from './lane.ts';
import type { ResendOutcome } from './resend-requests.ts';
import { reportStatus } from './status-report.ts';
import { runTrial } from './trial.ts';
import { withdrawBans } from './withdrawal.ts';

/** What one server said to an event by hand. `waiting`: nothing yet; the event is kept and sent as soon as it can be. */
export type ServerAnswer = { readonly server: string } & (
  | Outcome
  | { readonly outcome: 'waiting'; readonly reason: string }
);

/** How long a command is kept waiting for the servers' answers. */
export const outcomeMaxMs = 5_000;
/** And for a jail's list to be settled: fail2ban may be slow to answer. */
const resendMaxMs = 60_000;

type Arguments = Readonly<Record<string, unknown>>;

/** What the commands ask of the running agent. */
export function makeLocalVerbs(agent: Agent, clock: Clock): ReadonlyMap<string, LocalVerb> {
  return new Map<string, LocalVerb>([
    ['status', () => reportStatus(agent, clock)],
    ['submit', (args) => submit(agent, clock, args)],
    ['bans', () => askEach(agent, { about: 'bans' })],
    ['enforcement', (args) => askEach(agent, { about: 'network', network: readNetwork(args) })],
    ['test', () => runTrial(agent, clock, agent.ended)],
    ['withdraw', () => withdrawBans(agent, clock)],
    ['resend', (args) => resend(agent, clock, readJail(args))],
  ]);
}

async function submit(agent: Agent, clock: Clock, args: Arguments): Promise<object> {
  const verb = args['verb'];
  if (!isVerb(verb)) throw new ArgumentError(`verb: ${quote(verb)}: allowed are ${verbs.join(', ')}`);
  const ttlSeconds = verb === 'ban' ? args['ttlSeconds'] : null;
  if (!isTtl(ttlSeconds)) throw new ArgumentError(`ttlSeconds: ${quote(ttlSeconds)} is not seconds or null`);
  const acceptedAt = Math.round(clock.now());
  const endsAt = ttlSeconds === null ? null : acceptedAt + ttlSeconds * 1_000;
  const event = { verb, jail: readJail(args), network: readNetwork(args), endsAt, source: 'hand', acceptedAt } as const;
  const labels = args['labels'] === undefined ? undefined : readLabelArgument(args['labels']);
  const handed = await agent.takeByHand(labels === undefined ? event : { ...event, labels });
  if (handed.kind === 'queued') return { servers: agent.destinations.map((each) => waitsInQueue(each, handed.reason)) };
  const { number } = handed;
  const servers = agent.destinations.map((destination) => awaitOutcome(agent, destination, { number, clock }));
  return { number, servers: await Promise.all(servers) };
}

function waitsInQueue({ courier: { server } }: Destination, reason: string): ServerAnswer {
  return { server, outcome: 'waiting', reason: `the queue cannot be taken over now: ${reason}` };
}

async function awaitOutcome(
  agent: Agent,
  { courier }: Destination,
  { number, clock }: { readonly number: number; readonly clock: Clock },
): Promise<ServerAnswer> {
  const { server } = courier;
  const mostMs = courier.state.kind === 'connected' ? outcomeMaxMs : 0;
  let unwatch = (): void => undefined;
  const answer = new Promise<ServerAnswer>((resolve) => {
    unwatch = agent.outbox.lane(server).watch(number, (outcome) => resolve({ server, ...outcome }));
  });
  const late = (): ServerAnswer => ({ server, outcome: 'waiting', reason: whyNot(courier) });
  try {
    return await orLate(answer, late, { clock, mostMs, ended: agent.ended });
  } finally {
    unwatch();
  }
}

async function askEach(agent: Agent, question: Question): Promise<object> {
  const servers = agent.destinations.map(async ({ courier }) => {
    const { server } = courier;
    const answer = await askServer(courier, question);
    return typeof answer === 'string' ? { server, reason: answer } : { server, ...answer };
  });
  return { servers: await Promise.all(servers) };
}

async function resend(agent: Agent, clock: Clock, jail: string): Promise<object> {
  const { ended } = agent;
  const servers = agent.destinations.map(async ({ courier, jailCheck }) => {
    const { server } = courier;
    if (courier.state.kind !== 'connected') return { server, kind: 'waiting', reason: whyNot(courier) };
    const late = (): ListAnswer => ({ kind: 'waiting', reason: 'events come all the time' });
    const answer = await orLate<ListAnswer>(jailCheck.resend(jail), late, { clock, mostMs: resendMaxMs, ended });
    return { server, ...answer };
  });
  return { jail, servers: await Promise.all(servers) };
}

type ListAnswer = ResendOutcome | { readonly kind: 'waiting'; readonly reason: string };

interface Patience {
  readonly clock: Clock;
  readonly mostMs: number;
  /** The agent ends: a timer of ours must not keep the process alive. */
  readonly ended: AbortSignal;
}

/** What `answer` brings, or what `late` says once the time is over or the agent ends. */
async function orLate<T>(answer: Promise<T>, late: () => T, { clock, mostMs, ended }: Patience): Promise<T> {
  const over = new AbortController();
  const end = (): void => over.abort();
  ended.addEventListener('abort', end, { once: true });
  if (ended.aborted) end();
  try {
    return await Promise.race([answer, sleep(clock, mostMs, over.signal).then(late)]);
  } finally {
    end();
    ended.removeEventListener('abort', end);
  }
}

function readNetwork(args: Arguments): Network {
  const text = args['network'];
  const network = typeof text === 'string' ? parseNetwork(text) : undefined;
  if (network === undefined) throw new ArgumentError(`network: ${quote(text)} is not an IPv4 or IPv6 address or CIDR`);
  return network;
}

function readLabelArgument(value: unknown): Labels {
  const labels = readLabels(value);
  if (labels === undefined) throw new ArgumentError(`labels: ${quote(value)}: allowed are ${labelsAllowed}`);
  return labels;
}

function readJail(args: Arguments): string {
  const jail = args['jail'];
  if (typeof jail === 'string' && jailPattern.test(jail)) return jail;
  throw new ArgumentError(`jail: ${quote(jail)}: allowed are ${jailAlphabet}`);
}
