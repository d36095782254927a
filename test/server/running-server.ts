import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { DryRun } from '../../server/enforcers/dry-run/dry-run.ts';
import { OwnMarks } from '../../server/enforcers/ownership/ledger-mark.ts';
import { DecisionFile } from '../../server/rescue/decision-file.ts';
import { FleetServer, type Identity, type ServerParts } from '../../server/server.ts';
import type { ServerSettings } from '../../server/settings.ts';
import { parseEnrolment } from '../../shared/enrolment.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { ObservedEnforcer } from '../contracts/observed-enforcer.ts';
import { ManualClock } from '../manual-clock.ts';
import { FailingLedger } from './failing-ledger.ts';
import { type Credentials, Peer } from './listening.ts';
import { network, noNames } from './samples.ts';

const limits = { maxEntries: 1_000, merge: true, resyncSeconds: 300 };

type Answer = Readonly<Record<string, unknown>>;

interface Given {
  readonly settings?: Partial<ServerSettings>;
  readonly parts?: Partial<ServerParts>;
}

/** The whole server in this process, with a firewall in memory, real sockets, and a clock that the test moves. */
export class RunningServer {
  readonly clock = new ManualClock();
  readonly ledger = new FailingLedger();
  readonly #dryRun = new DryRun();
  readonly firewall = new ObservedEnforcer(this.#dryRun);
  readonly faults: unknown[] = [];
  readonly logLines: Answer[] = [];
  readonly folder: string;
  readonly settings: ServerSettings;
  #server: FleetServer | undefined;

  private constructor(folder: string) {
    this.folder = folder;
    this.settings = {
      name: 'pve1',
      listen: '127.0.0.1',
      port: 0,
      publicHost: '127.0.0.1',
      hasPublicHost: true,
      protection: { rememberHostsSeconds: 2_592_000, withoutSources: [], isIgnoreipTrusted: false },
      tls: undefined,
      database: '',
      socket: join(folder, 'admin.sock'),
      historyDays: 90,
      historyMax: 1_000_000,
      logLevel: 'debug',
      logFormat: 'auto',
      policy: { allowPrivate: false, widest: { 4: 16, 6: 32 }, reportsPerClientMax: 100 },
      whitelist: [network('192.0.2.0/24'), network('198.51.100.0/30')],
      whitelistFromFile: [network('198.51.100.0/30')],
      whitelistNames: [],
      enforcers: [],
      escalation: undefined,
      http: { enabled: true, urlBans: false },
      crowdsec: [],
      notifications: [],
    };
  }

  /** @param given what is otherwise than usual */
  static async start(identity?: Identity, given: Given = {}): Promise<RunningServer> {
    const running = new RunningServer(await mkdtemp(join(tmpdir(), 'f2nb-server-')));
    Object.assign(running.settings, given.settings);
    running.#server = await FleetServer.start(running.settings, {
      ledger: running.ledger,
      decisions: new DecisionFile([running.folder]),
      firewalls: [{ enforcer: running.firewall, limits, protectedSources: [] }],
      channels: [],
      marks: new OwnMarks(['mem1']),
      identity,
      clock: running.clock,
      random: () => 0.5,
      randomBytes,
      soon: setImmediate,
      log: pino({ level: 'debug' }, { write: (line) => running.logLines.push(JSON.parse(line)) }),
      version: '0.0.0',
      protectedSources: [],
      resolve: noNames,
      readAgain: () => ({ settings: running.settings, identity }),
      onFault: (fault) => running.faults.push(fault),
      ...given.parts,
    });
    return running;
  }

  get server(): FleetServer {
    if (this.#server === undefined) throw new Error('not started');
    return this.#server;
  }

  /** What the firewall blocks, sorted. */
  get blocked(): string[] {
    return [...this.#dryRun.entries.keys()].map(String).sort();
  }

  /** Asks as the operator's command does. */
  ask(verb: string, args: object = {}): Promise<Answer> {
    return callLocalSocket(this.settings.socket, verb, args);
  }

  async enroll(args: object): Promise<Credentials> {
    return credentialsOf(await this.ask('client-add', args));
  }

  logIn(credentials: Credentials): Promise<Peer> {
    return Peer.logIn(this.server.port, undefined, credentials);
  }

  async stop(): Promise<void> {
    const stopped = this.server.stop();
    this.clock.advance(10_000);
    await stopped;
    await rm(this.folder, { recursive: true });
  }
}

/** Runs `work` against a server of its own and ends it. */
export async function withServer(
  work: (server: RunningServer) => Promise<void>,
  identity?: Identity,
  given?: Given,
): Promise<void> {
  const server = await RunningServer.start(identity, given);
  try {
    await work(server);
    assert.deepEqual(server.faults, []);
  } finally {
    await server.stop();
  }
}

/** The key in the enrolment line of an answer. */
export function credentialsOf(answer: Answer): Credentials {
  const enrolment = parseEnrolment(String(answer['enrolment']));
  if (typeof enrolment === 'string') throw new Error(enrolment);
  const [keyId = '', secret = ''] = enrolment.key.split('.');
  return { client: enrolment.client, keyId, secret };
}
