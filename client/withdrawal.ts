import { type Clock, sleep } from '../shared/clock.ts';
import type { OwnReport } from '../shared/frames.ts';
import type { Agent, Destination } from './agent.ts';
import { askServer, whyNot } from './ask-server.ts';

/** Shorter than a command waits for its answer. */
const withdrawMaxMs = 60_000;
const lookEveryMs = 50;

/** What came of it at one server. */
export interface Withdrawn {
  readonly server: string;
  /** Bans of this host that it held before; null: it did not say. */
  readonly held: number | null;
  /** Those that it holds still; null: it does not say. */
  readonly left: number | null;
  /** Why it does not say, or has not taken everything. */
  readonly reason?: string;
}

/** Withdraws all that the servers hold of this host, behind all that is waiting to be sent. */
export async function withdrawBans(agent: Agent, clock: Clock): Promise<{ readonly servers: readonly Withdrawn[] }> {
  const untilMs = clock.elapsed() + withdrawMaxMs;
  await wait(clock, untilMs, agent, async () => (await agent.unread()) === undefined);
  const held = await Promise.all(agent.destinations.map(askBans));
  const unbans = new Map(
    held.flatMap((bans) => (typeof bans === 'string' ? [] : bans.map((ban) => [`${ban.jail} ${ban.network}`, ban]))),
  );
  const acceptedAt = Math.round(clock.now());
  await agent.outbox.accept(
    [...unbans.values()].map(({ jail, network }) => ({
      ...({ verb: 'unban', jail, network, endsAt: null, source: 'hand', acceptedAt } as const),
    })),
  );
  const servers = agent.destinations.map(async (destination, index) => {
    const before = held[index] ?? whyNot(destination.courier);
    await wait(clock, untilMs, agent, () => isSettled(agent, destination));
    return conclude(destination, before, await askBans(destination));
  });
  return { servers: await Promise.all(servers) };
}

function conclude({ courier }: Destination, before: Bans, after: Bans): Withdrawn {
  const { server } = courier;
  const held = typeof before === 'string' ? null : before.length;
  if (typeof after === 'string') return { server, held, left: null, reason: after };
  return { server, held, left: after.length, ...(after.length > 0 ? { reason: whyNot(courier) } : {}) };
}

type Bans = readonly OwnReport[] | string;

async function askBans({ courier }: Destination): Promise<Bans> {
  const answer = await askServer(courier, { about: 'bans' });
  return typeof answer === 'string' ? answer : (answer.bans ?? []);
}

/** A server that is away is not waited for: what is meant for it stays in the outbox. */
function isSettled({ outbox }: Agent, { courier }: Destination): boolean {
  return courier.state.kind !== 'connected' || outbox.lane(courier.server).waiting === 0;
}

async function wait(
  clock: Clock,
  untilMs: number,
  { ended }: Agent,
  isDone: () => boolean | Promise<boolean>,
): Promise<void> {
  while (!(await isDone()) && clock.elapsed() < untilMs && !ended.aborted) await sleep(clock, lookEveryMs, ended);
}
