import { join } from 'node:path';
import { Bell } from '../shared/bell.ts';
import type { Clock } from '../shared/clock.ts';
import type { ResolveName } from '../shared/dns/resolve-name.ts';
import type { RunCommand } from '../shared/host/command-runner.ts';
import type { Log } from '../shared/host/log.ts';
import { Courier } from './courier.ts';
import type { Fail2ban } from './fail2ban-client.ts';
import { JailCheck, type JailComparison } from './jail-check.ts';
import { defaultFail2banSocket, readLife } from './jails/fail2ban-life.ts';
import { JailNames } from './jails/jail-names.ts';
import { JailReader } from './jails/jail-reader.ts';
import { NoJails } from './jails/no-jails.ts';
import { RecentEvents } from './jails/recent-events.ts';
import { Faults } from './observability/faults.ts';
import { tellDamage } from './outbox/damage-log.ts';
import { Outbox } from './outbox.ts';
import type { NewEvent } from './outbox-event.ts';
import { Peers, type PeersOptions } from './peers/peers.ts';
import { peerJailsOf } from './peers/subscription.ts';
import { type HandedOver, takeByHand } from './queue/by-hand.ts';
import { makeQueue } from './queue/make-queue.ts';
import type { Queue } from './queue.ts';
import { Refusals } from './refusals.ts';
import { openSafety } from './safety/open-safety.ts';
import type { Safety } from './safety/safety.ts';
import type { ReachedServer } from './safety/server-sources.ts';
import { nextHopOf, type ServerAddress } from './server-address.ts';
import type { Settings } from './settings.ts';
import type { Unread } from './unread.ts';
import { UnreadableLog } from './unreadable-log.ts';
import { connectToServer } from './uplink.ts';

/** What an agent takes from its host. */
export interface Host {
  readonly clock: Clock;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Buffer;
  readonly fail2ban: Fail2ban;
  /** Asks what DNS names mean. */
  readonly resolve: ResolveName;
  /** Runs programs of the host. */
  readonly run: RunCommand;
  /** Opens what blocks other hosts' bans here. */
  readonly openEnforcer: PeersOptions['openEnforcer'];
  readonly log: Log;
  /** Name and version, as it is told to the servers. */
  readonly agent: string;
}

/** One server, with all that the agent does for it. */
export interface Destination {
  readonly courier: Courier;
  readonly jailCheck: JailComparison;
}

/** The agent of one host: the queue, the outbox, and a courier for each server. */
export class Agent {
  readonly outbox: Outbox;
  readonly unreadable: UnreadableLog;
  readonly refusals: Refusals;
  readonly destinations: readonly Destination[];
  readonly peers: Peers;
  /** What this host never blocks. */
  readonly safety: Safety;
  readonly faults: Faults;
  readonly #queue: Queue;
  /** Undefined on a host without fail2ban. */
  readonly #jailReader: JailReader | undefined;
  readonly #ended = new AbortController();

  private constructor(
    parts: Pick<Agent, 'outbox' | 'unreadable' | 'refusals' | 'destinations' | 'peers' | 'safety' | 'faults'>,
    queue: Queue,
    jailReader: JailReader | undefined,
  ) {
    this.outbox = parts.outbox;
    this.unreadable = parts.unreadable;
    this.refusals = parts.refusals;
    this.destinations = parts.destinations;
    this.peers = parts.peers;
    this.safety = parts.safety;
    this.faults = parts.faults;
    this.#queue = queue;
    this.#jailReader = jailReader;
  }

  /** Reads what an agent before left to be sent. Nothing runs yet. */
  static async open(settings: Settings, host: Host): Promise<Agent> {
    const bells = new Map(settings.servers.map(({ name }) => [name, new Bell()]));
    const outbox = await Outbox.open({
      directory: settings.agent.state,
      bells,
      makeStreamId: () => host.randomBytes(16).toString('base64url'),
    });
    await tellDamage(settings.agent.state, outbox.damage, host);
    const { hasFail2ban } = settings.agent;
    const names = await JailNames.open({ file: join(settings.agent.state, 'jail-names.json'), ...host });
    const recent = new RecentEvents();
    const unreadable = new UnreadableLog(settings.agent.spool, host.clock);
    const refusals = new Refusals();
    const faults = new Faults(host.clock, host.log);
    const { safety, damage } = await openSafety(settings, {
      ...host,
      servers: reachedBy(settings.servers, (name) =>
        addressOfPeer(destinations.find(({ courier }) => courier.server === name)),
      ),
      onChange: () => peers.enforcement.notify(),
    });
    await tellDamage(settings.agent.state, damage, host);
    const peers: Peers = makePeers(settings, host, safety);
    const destinations: readonly Destination[] = settings.servers.map((server) =>
      makeDestination(server, {
        ...{ host, settings, outbox, names, recent, refusals, faults, peers },
        bell: bells.get(server.name) ?? new Bell(),
      }),
    );
    const parts = { outbox, unreadable, refusals, destinations, peers, safety, faults };
    const compareJails = (): void => {
      for (const { jailCheck } of destinations) jailCheck.soon();
    };
    const queue = makeQueue(settings.agent.spool, host, { ...parts, names, recent, compareJails });
    if (!hasFail2ban) names.noAnswer();
    const jailReader = hasFail2ban ? makeReader(settings, host, names) : undefined;
    return new Agent(parts, queue, jailReader);
  }

  get spool(): string {
    return this.#queue.spool;
  }

  /** What lies in the spool and is not taken over yet. */
  unread(): Promise<Unread | undefined> {
    return this.#queue.unread();
  }

  /** Takes an event by hand over, behind all that fail2ban wrote before it. @throws Error when it can be kept nowhere */
  takeByHand(event: NewEvent): Promise<HandedOver> {
    return takeByHand(event, { queue: this.#queue, outbox: this.outbox });
  }

  /** Whether the host is configured to have fail2ban. */
  get hasFail2ban(): boolean {
    return this.#jailReader !== undefined;
  }

  /** Aborted as soon as a part of the agent has ended. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Runs until aborted, then leaves everything durable. A part that fails ends the others, and its error rises. */
  async run(signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.ended]);
    const peers = {
      // Nothing is blocked before it is known what must not be.
      run: (ended: AbortSignal) => this.safety.refresh(ended).then(() => this.peers.run(ended)),
    };
    // The lines of the queue wait for it.
    void this.#jailReader?.learnNames(either);
    const parts = [this.#queue, this.safety, peers, ...this.destinations.map(({ courier }) => courier)];
    try {
      await Promise.all(parts.map((part) => part.run(either).finally(() => this.#ended.abort())));
    } finally {
      await this.outbox.close();
    }
  }
}

interface Surroundings {
  readonly host: Host;
  readonly settings: Settings;
  readonly outbox: Outbox;
  readonly names: JailNames;
  readonly recent: RecentEvents;
  readonly refusals: Refusals;
  readonly faults: Faults;
  readonly peers: Peers;
  readonly bell: Bell;
}

function reachedBy(
  servers: readonly ServerAddress[],
  peerOf: (server: string) => string | undefined,
): readonly ReachedServer[] {
  return servers.map((server) => ({ ...nextHopOf(server), name: server.name, peer: () => peerOf(server.name) }));
}

function addressOfPeer(destination: Destination | undefined): string | undefined {
  const state = destination?.courier.state;
  return state?.kind === 'connected' ? state.connection.peer : undefined;
}

function makePeers({ servers, subscriptions }: Settings, host: Host, safety: Safety): Peers {
  const { clock, random, log, openEnforcer } = host;
  return new Peers({
    subscriptions,
    servers: servers.map(({ name }) => name),
    openEnforcer,
    mayBlock: (network) => safety.refuse(network) === undefined,
    clock,
    random,
    log,
  });
}

function makeDestination(
  server: ServerAddress,
  { host, settings, outbox, names, recent, refusals, faults, peers, bell }: Surroundings,
): Destination {
  const { clock, random, randomBytes, log, agent } = host;
  const { hasFail2ban, jailCheckSeconds } = settings.agent;
  const reader = makeReader(settings, host, names);
  const everyMs = jailCheckSeconds * 1_000;
  const jailCheck = hasFail2ban
    ? new JailCheck({ server: server.name, reader, recent, bell, clock, everyMs, log })
    : new NoJails();
  const connect = (signal: AbortSignal) => connectToServer(server, { clock, randomBytes, agent }, signal);
  const courier = new Courier({
    server: server.name,
    outbox,
    bell,
    connect,
    jailCheck,
    feed: peers.wishOf(server.name),
    refusals,
    faults,
    clock,
    random,
    log,
  });
  return { courier, jailCheck };
}

function makeReader({ agent, subscriptions }: Settings, { fail2ban, clock }: Host, names: JailNames): JailReader {
  return new JailReader({
    fail2ban,
    clock,
    names,
    peerJails: peerJailsOf(subscriptions),
    readLife: () => readLife(agent.fail2banSocket ?? defaultFail2banSocket),
  });
}
