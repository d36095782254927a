import { type Clock, sleep } from '../shared/clock.ts';
import { handJail } from '../shared/names.ts';
import { ipv4From } from '../shared/network.ts';
import type { Agent, Destination } from './agent.ts';
import type { Trialled } from './peers/peer-enforcement.ts';
import { UplinkError } from './uplink-error.ts';

/** An address that nobody has, 203.0.113.254: the last but one of TEST-NET-3 (RFC 5737). */
const trialAddress = ipv4From(0xcb0071fe, 32);
/** A trial that is cut off leaves nothing behind for longer. */
const trialTtlMs = 120_000;
/** For how long each step is waited for. */
export const trialStepMaxMs = 20_000;
const lookEveryMs = 50;

/** How one server and its firewalls did. */
export interface TrialledServer {
  readonly server: string;
  /** Milliseconds until the ban was durably recorded; null: it was not. */
  readonly recordedMs: number | null;
  readonly reason?: string;
  readonly firewalls: readonly Trialled[];
}

export interface TrialReport {
  readonly network: string;
  readonly servers: readonly TrialledServer[];
  /** What blocks the bans of others on this host. */
  readonly enforcers: readonly Trialled[];
}

/** Bans an address that nobody has, waits until everything blocks it, and takes it back: at every server, and on this host. */
export async function runTrial(agent: Agent, clock: Clock, signal: AbortSignal): Promise<TrialReport> {
  const trial = new Trial(agent, clock, signal);
  const [servers, enforcers] = await Promise.all([
    trial.atServers(),
    agent.peers.enforcement.trial(trialAddress, trialStepMaxMs, signal),
  ]);
  return { network: trialAddress, servers, enforcers };
}

class Trial {
  readonly #agent: Agent;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;

  constructor(agent: Agent, clock: Clock, signal: AbortSignal) {
    this.#agent = agent;
    this.#clock = clock;
    this.#signal = signal;
  }

  async atServers(): Promise<TrialledServer[]> {
    const startedMs = this.#clock.elapsed();
    const banned = await this.#submit('ban');
    const blocked = await Promise.all(banned.map((each) => this.#watch(each, 'in-force', startedMs)));
    const againMs = this.#clock.elapsed();
    await this.#submit('unban');
    const freed = await Promise.all(banned.map((each) => this.#watch(each, 'absent', againMs)));
    return banned.map(({ destination, recordedMs, reason }, index) => ({
      server: destination.courier.server,
      recordedMs,
      ...(reason === undefined ? {} : { reason }),
      firewalls: Array.from(blocked[index] ?? new Map<string, number | null>(), ([enforcer, blockedMs]) => ({
        enforcer,
        blockedMs,
        freedMs: freed[index]?.get(enforcer) ?? null,
      })),
    }));
  }

  async #submit(verb: 'ban' | 'unban'): Promise<Submitted[]> {
    const { outbox, destinations } = this.#agent;
    const acceptedAt = Math.round(this.#clock.now());
    const endsAt = verb === 'ban' ? acceptedAt + trialTtlMs : null;
    const event = { verb, jail: handJail, network: trialAddress, endsAt, source: 'hand', acceptedAt } as const;
    const startedMs = this.#clock.elapsed();
    const [accepted] = await outbox.accept([event]);
    if (accepted === undefined) return [];
    return await Promise.all(destinations.map((each) => this.#settled(each, accepted.number, startedMs)));
  }

  async #settled(destination: Destination, number: number, startedMs: number): Promise<Submitted> {
    const { server, state } = destination.courier;
    if (state.kind !== 'connected') {
      const why = state.kind === 'waiting' ? `${state.code}: ${state.reason}` : state.kind;
      return { destination, recordedMs: null, reason: `not connected (${why})` };
    }
    const over = new AbortController();
    let unwatch = (): void => undefined;
    const answer = new Promise<Submitted>((resolve) => {
      unwatch = this.#agent.outbox.lane(server).watch(number, (outcome) => {
        const recordedMs = this.#clock.elapsed() - startedMs;
        if (outcome.outcome !== 'refused') resolve({ destination, recordedMs });
        else resolve({ destination, recordedMs: null, reason: `${outcome.code}: ${outcome.detail}` });
      });
    });
    const late = sleep(this.#clock, trialStepMaxMs, AbortSignal.any([this.#signal, over.signal])).then(
      (): Submitted => ({ destination, recordedMs: null, reason: 'no answer yet, see status' }),
    );
    try {
      return await Promise.race([answer, late]);
    } finally {
      unwatch();
      over.abort();
    }
  }

  /** When each firewall of a server was as it should be; null: not in time. */
  async #watch(
    { destination, recordedMs }: Submitted,
    wanted: 'in-force' | 'absent',
    startedMs: number,
  ): Promise<ReadonlyMap<string, number | null>> {
    const reached = new Map<string, number | null>();
    if (recordedMs === null) return reached;
    while (!this.#signal.aborted) {
      const firewalls = await this.#look(destination);
      const elapsedMs = this.#clock.elapsed() - startedMs;
      for (const { enforcer, state } of firewalls) {
        reached.set(enforcer, reached.get(enforcer) ?? (state === wanted ? elapsedMs : null));
      }
      const isDone = [...reached.values()].every((each) => each !== null);
      if (isDone || elapsedMs > trialStepMaxMs) break;
      await sleep(this.#clock, lookEveryMs, this.#signal);
    }
    return reached;
  }

  async #look({ courier }: Destination) {
    if (courier.state.kind !== 'connected') return [];
    try {
      const { enforcement } = await courier.state.connection.ask({ about: 'network', network: trialAddress });
      return enforcement ?? [];
    } catch (error) {
      if (error instanceof UplinkError) return [];
      throw error;
    }
  }
}

interface Submitted {
  readonly destination: Destination;
  readonly recordedMs: number | null;
  readonly reason?: string;
}
