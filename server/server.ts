import { type Clock, sleep } from '../shared/clock.ts';
import { every } from '../shared/every.ts';
import { type LocalVerb, serveLocalSocket } from '../shared/host/local-socket.ts';
import { limits } from '../shared/limits.ts';
import type { Network } from '../shared/network.ts';
import { secretBytes } from '../shared/signing.ts';
import type { ClockJump } from '../shared/trusted-clock.ts';
import { banVerbs } from './admin/ban-verbs.ts';
import { clientVerbs } from './admin/client-verbs.ts';
import { lossVerbs } from './admin/loss-verbs.ts';
import type { Reach } from './admin/make-key.ts';
import { notifyVerbs } from './admin/notify-verbs.ts';
import { sayingNotNow } from './admin/say-not-now.ts';
import { serverVerbs } from './admin/server-verbs.ts';
import { strayVerbs } from './admin/stray-verbs.ts';
import { type Reloaded, tryReload } from './admin/try-reload.ts';
import { whitelistVerbs } from './admin/whitelist-verbs.ts';
import { answerQuestion } from './answer-question.ts';
import type { Authenticated } from './authenticate.ts';
import type { Connected } from './connected-clients.ts';
import { Core, type CoreParts } from './core.ts';
import { apiRoutes } from './http/api/api.ts';
import { Positions } from './http/crowdsec/positions.ts';
import { HttpDoor } from './http/http-door.ts';
import type { Route } from './http/route.ts';
import type { LedgerState } from './ledger/ledger.ts';
import { type Certificate, Listener } from './listener.ts';
import { operator } from './own-clients.ts';
import { type Connection, Session } from './session.ts';
import type { ServerSettings } from './settings.ts';
import { Sources } from './sources/sources.ts';
import { describeServer } from './status-line.ts';
import { MovingEnds } from './timekeeping/moving-ends.ts';
import type { Timekeeping } from './timekeeping/timekeeping.ts';

/** A certificate with the pin by which agents know it: see shared/pin.ts. */
export interface Identity {
  readonly certificate: Certificate;
  readonly pin: string;
}

/** A configuration that was read again. */
export interface Reread {
  readonly settings: ServerSettings;
  readonly identity: Identity | undefined;
}

/** What a server is made of, besides its settings. */
export interface ServerParts extends CoreParts {
  /** Undefined: without TLS. */
  readonly identity: Identity | undefined;
  readonly randomBytes: (count: number) => Buffer;
  readonly version: string;
  /** Undefined: the clock is taken as it is. */
  readonly timekeeping?: Timekeeping;
  /** Reads the configuration again. @throws ConfigError */
  readonly readAgain: () => Reread;
  /** A fault of ours: the process should end, loudly. */
  readonly onFault: (error: unknown) => void;
}

const sweepMs = 1_000;
/** Often enough that a host which sends as much as it may does not fill the disk in between. */
const pruneMs = 300_000;
const protectMs = 60_000;
/** A start does not wait longer for a firewall that does not answer: bans are taken in all the same. */
const firstProtectMaxMs = 3_000;

/**
 * The core with its two doors, the listener for hosts and for HTTP and the local socket for the operator, with the sources that it
 * asks by itself, and its clockwork.
 */
export class FleetServer {
  readonly #parts: ServerParts;
  readonly #core: Core;
  readonly #listener: Listener;
  readonly #door: HttpDoor;
  readonly #sources: Sources;
  readonly #bouncers: Positions;
  readonly #decoySecret: Buffer;
  readonly #stopping = new AbortController();
  readonly #startedAt: number;
  #settings: ServerSettings;
  #identity: Identity | undefined;
  #port = 0;
  #closeSocket: () => Promise<void> = () => Promise.resolve();
  #work: Promise<unknown> = Promise.resolve();

  /**
   * Makes a server from what its ledger holds, and starts it.
   *
   * @throws LedgerError, or Error when the port or the socket cannot be had
   */
  static async start(settings: ServerSettings, parts: ServerParts): Promise<FleetServer> {
    const server = new FleetServer(settings, parts, await parts.ledger.load());
    try {
      await server.#start();
    } catch (error) {
      // What was opened by then would keep the process alive without a word.
      await server.stop();
      throw error;
    }
    return server;
  }

  private constructor(settings: ServerSettings, parts: ServerParts, state: LedgerState) {
    this.#parts = parts;
    this.#settings = settings;
    this.#identity = parts.identity;
    this.#startedAt = parts.clock.now();
    this.#core = new Core(settings, parts, state);
    this.#sources = new Sources(settings.crowdsec, { ...parts, ...this.#core });
    this.#bouncers = new Positions(this.#core.clients, this.#core.record);
    this.#decoySecret = parts.randomBytes(secretBytes);
    this.#door = this.#makeDoor();
    this.#listener = this.#makeListener();
  }

  get port(): number {
    return this.#port;
  }

  /** Reads the configuration again and takes it over, or leaves everything as it was; logs which. */
  readAgain(): Reloaded {
    const reload = (): void => {
      const { settings, identity } = this.#parts.readAgain();
      this.reload(settings, identity);
    };
    return tryReload({ reload, log: this.#parts.log });
  }

  /**
   * Takes over a configuration that was read again: whitelist, policy, escalation, HTTP, certificate. The rest needs a restart,
   * also to go over to TLS or away from it.
   *
   * @throws Error when the key is not that of the certificate
   */
  reload(settings: ServerSettings, identity: Identity | undefined): void {
    if (this.#identity !== undefined && identity !== undefined) {
      // First: it throws for a key of another certificate, and then everything stays as it was.
      this.#listener.setCertificate(identity.certificate);
      this.#identity = identity;
    }
    this.#settings = settings;
    this.#core.configure(settings);
    this.#door.setRoutes(this.#routes());
  }

  /** How it is, in one line. */
  get status(): string {
    return describeServer(this.#core);
  }

  /** Connections without a login. */
  get strangers(): number {
    return this.#listener.strangers;
  }

  /** Orderly: what was taken is written and answered. An answer that takes too long costs its client only sending again. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#closeSocket();
    await this.#listener.close();
    await this.#core.record.drain();
    await this.#core.rescue.settle();
    await this.#parts.timekeeping?.keep();
    await this.#work;
    this.#core.teller.close();
    await this.#parts.ledger.close();
  }

  async #start(): Promise<void> {
    const { signal } = this.#stopping;
    const { clock, onFault } = this.#parts;
    const firstRead = Promise.all([this.#core.protectAll(signal), this.#core.whitelistNames.look(signal)]);
    await Promise.race([firstRead, sleep(clock, firstProtectMaxMs, signal)]);
    await this.#core.restoreDecisions();
    this.#core.check();
    this.#port = await this.#listener.listen();
    this.#closeSocket = await serveLocalSocket(this.#settings.socket, sayingNotNow(this.#verbs(operator)));
    this.#work = this.#keepGoing(clock, signal);
    this.#work.catch(onFault);
  }

  #keepGoing(clock: Clock, signal: AbortSignal): Promise<unknown> {
    return Promise.all([
      this.#core.enforcement.run(signal),
      this.#core.escalation.run(signal),
      this.#core.whitelistNames.run(signal),
      this.#sources.run(signal),
      this.#core.notifications.run(signal),
      every(sweepMs, () => this.#core.sweep(), clock, signal),
      this.#parts.timekeeping?.run((jump) => this.#movingEnds(jump), signal),
      every(pruneMs, () => this.#core.prune(), clock, signal),
      every(protectMs, () => this.#core.protectAll(signal), clock, signal),
    ]);
  }

  #makeListener(): Listener {
    const { clock, identity, onFault } = this.#parts;
    const { connected, protection, teller } = this.#core;
    return new Listener({
      host: this.#settings.listen,
      port: this.#settings.port,
      certificate: identity?.certificate,
      clock,
      openSession: (connection, address) => this.#openSession(connection, address),
      onEnd: (session) => this.#noteLeft(connected.remove(session, clock.now())),
      onRequest: (request, response, origin) => this.#door.answer(request, response, origin),
      isKnown: (address) => protection.hosts.index.within(address).length > 0,
      onTurnedAway: (address, reason) => teller.turnedAway(address, reason),
      onFault,
    });
  }

  #makeDoor(): HttpDoor {
    const { clock, soon, onFault } = this.#parts;
    const { clients, connected, protection, teller } = this.#core;
    return new HttpDoor({
      routes: this.#routes(),
      clients,
      rates: this.#core.rates,
      clock,
      soon,
      stopping: this.#stopping.signal,
      onCaller: ({ client: { name: client }, keyId }, address) => {
        const now = clock.now();
        connected.noteSeen(client, now);
        if (address !== undefined) protection.clientAsked({ client, keyId, address, now });
      },
      onRejection: (problem, address, client) => teller.requestRefused(problem, address, client),
      onFault,
    });
  }

  #routes(): readonly Route[] | undefined {
    const { clock, soon, version, ledger } = this.#parts;
    const { enabled, urlBans } = this.#settings.http;
    if (!enabled) return undefined;
    const verbsOf = (actor: string) => this.#verbs(actor);
    const isPaused = (): boolean => this.#core.isPaused;
    const [startedAt, bouncers] = [this.#startedAt, this.#bouncers];
    return apiRoutes({ ...this.#core, isPaused, bouncers, ledger, clock, soon, version, startedAt, urlBans, verbsOf });
  }

  #openSession(connection: Connection, address: Network | undefined): Session {
    const { clock, randomBytes } = this.#parts;
    const { clients, connected, intake, protection, record, standing, enforcement, feed, teller } = this.#core;
    return new Session({
      connection,
      address,
      clients,
      intake,
      clock,
      randomBytes,
      decoySecret: this.#decoySecret,
      rates: this.#core.rates,
      countReports: (client, jail) => standing.countOfClient(client, jail),
      serverName: this.#settings.name,
      answer: ({ name }, question) => {
        const answer = () => answerQuestion(question, { client: name, standing, enforcement, now: clock.now() });
        return record.read(answer, { client: name, cost: 1 });
      },
      follow: (client, request, send) => feed.follow(client, request, send),
      noteEnforcers: (session, enforcers) => connected.noteEnforcers(session, enforcers),
      noteIgnoreip: ({ name }, networks) => protection.offers.note(name, networks),
      admit: (session, who) => this.#admit(session, who, address),
      onElsewhere: (client) => {
        connected.noteElsewhere(client.name, address, clock.now());
        teller.elsewhere(client, address);
      },
      onRejection: (rejection) => teller.rejection(rejection, address),
    });
  }

  #admit(
    session: Session,
    { client: { name: client }, keyId, agent }: Authenticated,
    address: Network | undefined,
  ): void {
    const { connected, protection, teller } = this.#core;
    const since = this.#parts.clock.now();
    const leaving = connected.add({ session, client, keyId, agent, address, since });
    if (leaving !== undefined) {
      const detail = `more than ${limits.connectionsPerClientMax} connections: another one took its place`;
      teller.rejection({ code: 'rate-limited', detail, client }, leaving.address);
      this.#noteLeft(leaving);
    }
    teller.connected({ client, address, agent });
    if (address !== undefined) protection.hostCame({ client, keyId, address, now: since });
  }

  #noteLeft(left: Connected | undefined): void {
    if (left?.address === undefined) return;
    this.#core.protection.hosts.left({ client: left.client, address: left.address, now: this.#parts.clock.now() });
  }

  #verbs(actor: string): ReadonlyMap<string, LocalVerb> {
    const options = {
      actor,
      ...this.#parts,
      ...this.#core,
      isPaused: () => this.#core.isPaused,
      sources: this.#sources,
      startedAt: this.#startedAt,
      strangers: () => this.#listener.strangers,
      reach: () => this.#reach(),
      moving: (jump: ClockJump) => this.#movingEnds(jump),
      signal: this.#stopping.signal,
    };
    return new Map([
      ...banVerbs(options),
      ...whitelistVerbs(options),
      ...strayVerbs(options),
      ...clientVerbs(options),
      ...serverVerbs(options),
      ...lossVerbs(options),
      ...notifyVerbs(options),
      ['reload', () => this.readAgain()],
    ]);
  }

  #movingEnds(jump: ClockJump): MovingEnds {
    const { ledger, clock } = this.#parts;
    return new MovingEnds({ ...this.#core, hosts: this.#core.protection.hosts, ledger, clock }, jump);
  }

  #reach(): Reach {
    const trust = this.#identity === undefined ? { plaintext: true } : { pin: this.#identity.pin };
    return { host: this.#settings.publicHost, port: this.#port, ...trust };
  }
}
