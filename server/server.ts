import { type Clock, sleep } from '../shared/clock.ts';
import { describeError } from '../shared/errors.ts';
import { type LocalVerb, serveLocalSocket } from '../shared/host/local-socket.ts';
import type { Log } from '../shared/host/log.ts';
import type { Network } from '../shared/network.ts';
import { secretBytes } from '../shared/signing.ts';
import { banVerbs } from './admin/ban-verbs.ts';
import { clientVerbs } from './admin/client-verbs.ts';
import { serverVerbs } from './admin/server-verbs.ts';
import { answerQuestion } from './answer-question.ts';
import type { Authenticated } from './authenticate.ts';
import { Clients } from './clients.ts';
import { ConnectedClients } from './connected-clients.ts';
import { Counters } from './counters.ts';
import { EnforcementOfBans } from './enforcement.ts';
import type { OpenedFirewall, ProtectedSource } from './enforcers/opened-firewall.ts';
import { every } from './every.ts';
import { sweepExpired } from './expiry-sweep.ts';
import { Intake } from './intake.ts';
import { type Change, type Ledger, LedgerError, type LedgerState } from './ledger/ledger.ts';
import { type Certificate, Listener } from './listener.ts';
import { Policy } from './policy/policy.ts';
import { ProtectedAddresses } from './policy/protected-addresses.ts';
import { Whitelist } from './policy/whitelist.ts';
import { Record } from './record.ts';
import { type Connection, Session } from './session.ts';
import type { ServerSettings } from './settings.ts';
import { StandingBans } from './standing-bans.ts';
import { Teller } from './tell.ts';

/** A certificate with the pin by which agents know it: see shared/pin.ts. */
export interface Identity {
  readonly certificate: Certificate;
  readonly pin: string;
}

/** What a server is made of, besides its settings. */
export interface ServerParts {
  readonly ledger: Ledger;
  readonly firewalls: readonly OpenedFirewall[];
  /** Undefined: without TLS. */
  readonly identity: Identity | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly randomBytes: (count: number) => Buffer;
  /** Calls back once the events that have already arrived are handled. */
  readonly soon: (then: () => void) => void;
  readonly log: Log;
  readonly version: string;
  /** Addresses that must not be banned, beside those that the firewalls know. */
  readonly protectedSources: readonly ProtectedSource[];
  /** A fault of ours: the process should end, loudly. */
  readonly onFault: (error: unknown) => void;
}

const sweepMs = 1_000;
const pruneMs = 3_600_000;
const protectMs = 60_000;
/** A start does not wait longer for a firewall that does not answer: bans are taken in all the same. */
const firstProtectMaxMs = 3_000;
const dayMs = 86_400_000;

/**
 * A server put together.
 *
 * ```
 * listener ─▶ session ─▶ intake ─▶ record ─▶ ledger
 *                                    └─▶ standing bans ─▶ enforcement ─▶ a reconciler for each firewall
 * ```
 */
export class FleetServer {
  readonly #parts: ServerParts;
  readonly #clients: Clients;
  readonly #connected: ConnectedClients;
  readonly #counters = new Counters();
  readonly #teller: Teller;
  readonly #protected = new ProtectedAddresses();
  readonly #whitelist: Whitelist;
  readonly #policy: Policy;
  readonly #standing: StandingBans;
  readonly #enforcement: EnforcementOfBans;
  readonly #record: Record;
  readonly #intake: Intake;
  readonly #listener: Listener;
  readonly #decoySecret: Buffer;
  readonly #stopping = new AbortController();
  readonly #startedAt: number;
  #settings: ServerSettings;
  #identity: Identity | undefined;
  #isPaused: boolean;
  #port = 0;
  #closeSocket: () => Promise<void> = () => Promise.resolve();
  #work: Promise<unknown> = Promise.resolve();

  /**
   * Makes a server from what its ledger holds, and starts it.
   *
   * @throws ConfigError, LedgerError, or Error when the port or the socket cannot be had
   */
  static async start(settings: ServerSettings, parts: ServerParts): Promise<FleetServer> {
    const server = new FleetServer(settings, parts, await parts.ledger.load());
    await server.#start();
    return server;
  }

  private constructor(settings: ServerSettings, parts: ServerParts, state: LedgerState) {
    const { clock, ledger } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#identity = parts.identity;
    this.#isPaused = state.paused;
    this.#startedAt = clock.now();
    this.#teller = new Teller(parts.log, this.#counters);
    this.#clients = new Clients(state.clients);
    this.#connected = new ConnectedClients(this.#protected);
    this.#whitelist = new Whitelist(settings.whitelist, state.whitelist);
    this.#policy = new Policy(settings.policy, this.#whitelist, this.#protected);
    this.#standing = new StandingBans(state, () => this.#enforcement.notify());
    this.#enforcement = this.#makeEnforcement();
    this.#record = new Record({
      ledger,
      standing: this.#standing,
      state,
      clock,
      soon: parts.soon,
      onCommit: (changes) => this.#committed(changes),
    });
    this.#intake = new Intake({
      record: this.#record,
      policy: this.#policy,
      clock,
      onDecision: (decision) => this.#teller.decision(decision),
    });
    this.#decoySecret = parts.randomBytes(secretBytes);
    this.#listener = this.#makeListener();
  }

  get port(): number {
    return this.#port;
  }

  /** Takes over a configuration that was read again: whitelist, policy, certificate. The rest needs a restart. */
  reload(settings: ServerSettings, identity: Identity | undefined): void {
    this.#settings = settings;
    this.#identity = identity;
    this.#whitelist.configure(settings.whitelist);
    this.#policy.configure(settings.policy);
    if (identity !== undefined) this.#listener.setCertificate(identity.certificate);
    this.#policyChanged();
  }

  /** Orderly: nothing that was acknowledged is lost, and what was taken but not yet answered is written. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#closeSocket();
    await this.#listener.close();
    await this.#record.drain();
    await this.#work;
    await this.#parts.ledger.close();
  }

  async #start(): Promise<void> {
    const { signal } = this.#stopping;
    await Promise.race([this.#protectAll(), sleep(this.#parts.clock, firstProtectMaxMs, signal)]);
    this.#enforcement.policyChanged();
    this.#port = await this.#listener.listen();
    this.#closeSocket = await serveLocalSocket(this.#settings.socket, this.#verbs());
    const { clock, onFault } = this.#parts;
    this.#work = Promise.all([
      this.#enforcement.run(signal),
      every(sweepMs, () => this.#sweep(), clock, signal),
      every(pruneMs, () => this.#prune(), clock, signal),
      every(protectMs, () => this.#protectAll(), clock, signal),
    ]);
    this.#work.catch(onFault);
  }

  #makeEnforcement(): EnforcementOfBans {
    const { firewalls, clock, random } = this.#parts;
    return new EnforcementOfBans({
      firewalls,
      standing: this.#standing,
      policy: this.#policy,
      clock,
      random,
      isPaused: () => this.#isPaused,
      connectedAddresses: () => this.#connected.addresses(),
      onEvent: (enforcer, event) => this.#teller.enforcer(enforcer, event),
      onLeftOut: (enforcer, count) => this.#teller.leftOut(enforcer, count),
    });
  }

  #makeListener(): Listener {
    const { clock, identity, onFault } = this.#parts;
    return new Listener({
      host: this.#settings.listen,
      port: this.#settings.port,
      certificate: identity?.certificate,
      clock,
      openSession: (connection, address) => this.#openSession(connection, address),
      onEnd: (session) => this.#connected.remove(session, clock.now()),
      onTurnedAway: (address, reason) => this.#teller.turnedAway(address, reason),
      onFault,
    });
  }

  #openSession(connection: Connection, address: Network | undefined): Session {
    const { clock, randomBytes } = this.#parts;
    return new Session({
      connection,
      clients: this.#clients,
      intake: this.#intake,
      clock,
      randomBytes,
      decoySecret: this.#decoySecret,
      serverName: this.#settings.name,
      answer: ({ name }, question) =>
        this.#record.read(() =>
          answerQuestion(question, {
            client: name,
            standing: this.#standing,
            enforcement: this.#enforcement,
            now: clock.now(),
          }),
        ),
      admit: (session, who) => this.#admit(session, who, address),
      onRejection: (rejection) => this.#teller.rejection(rejection, address),
    });
  }

  #admit(session: Session, { client, keyId, agent }: Authenticated, address: Network | undefined): boolean {
    const since = this.#parts.clock.now();
    const isAdmitted = this.#connected.add({ session, client: client.name, keyId, agent, address, since });
    if (isAdmitted) this.#parts.log.info({ client: client.name, address, agent }, 'connected');
    // A ban of this very address may stand: it must not cut the host off.
    if (isAdmitted && address !== undefined && this.#standing.covering(address).length > 0) this.#enforcement.notify();
    return isAdmitted;
  }

  /** Everything that follows from a commit, before anybody is answered. */
  #committed(changes: readonly Change[]): void {
    this.#clients.apply(changes);
    this.#connected.apply(changes);
    this.#whitelist.apply(changes);
    for (const change of changes) this.#follow(change);
  }

  #follow(change: Change): void {
    switch (change.kind) {
      case 'withdrawn':
        this.#teller.withdrawal(change);
        break;
      case 'allowed':
      case 'disallowed':
        this.#policyChanged();
        break;
      case 'paused':
      case 'resumed':
        this.#isPaused = change.kind === 'paused';
        this.#enforcement.notify();
        break;
      case 'reported':
      case 'enrolled':
      case 'revoked':
      case 'advanced':
        break;
    }
  }

  #policyChanged(): void {
    this.#enforcement.policyChanged();
    for (const { session } of this.#connected.list()) session.forgetSettledLists();
  }

  #protectAll(): Promise<unknown> {
    const { firewalls, protectedSources } = this.#parts;
    const sources = [...protectedSources, ...firewalls.flatMap((firewall) => firewall.protectedSources)];
    return Promise.all(sources.map((source) => this.#protect(source)));
  }

  async #protect({ reason, read }: ProtectedSource): Promise<void> {
    const networks = await read(this.#stopping.signal);
    if (networks === undefined)
      this.#parts.log.warn({ reason }, 'cannot be read now; what was protected stays protected');
    else if (this.#protected.replace(reason, networks)) this.#policyChanged();
  }

  #sweep(): Promise<void> {
    this.#connected.sendAwayEnded(this.#clients, this.#parts.clock.now());
    return sweepExpired({
      record: this.#record,
      standing: this.#standing,
      whitelist: this.#whitelist,
      clock: this.#parts.clock,
    });
  }

  async #prune(): Promise<void> {
    const { ledger, clock, log } = this.#parts;
    try {
      const count = await ledger.prune(clock.now() - this.#settings.historyDays * dayMs);
      if (count > 0) log.info({ count }, 'history pruned');
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      log.error({ error: describeError(error) }, 'history cannot be pruned');
    }
  }

  #verbs(): ReadonlyMap<string, LocalVerb> {
    const { clock, ledger, randomBytes, version } = this.#parts;
    const core = {
      ledger,
      clock,
      randomBytes,
      version,
      record: this.#record,
      standing: this.#standing,
      clients: this.#clients,
      connected: this.#connected,
      whitelist: this.#whitelist,
      policy: this.#policy,
      protectedAddresses: this.#protected,
      enforcement: this.#enforcement,
      counters: this.#counters,
      startedAt: this.#startedAt,
      isPaused: () => this.#isPaused,
      strangers: () => this.#listener.strangers,
      reach: () => ({
        host: this.#settings.publicHost,
        port: this.#port,
        ...(this.#identity === undefined ? { plaintext: true } : { pin: this.#identity.pin }),
      }),
    };
    return new Map([...banVerbs(core), ...clientVerbs(core), ...serverVerbs(core)]);
  }
}
