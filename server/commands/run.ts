import { randomBytes, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { nameResolver } from '../../shared/dns/resolve-name.ts';
import { configError, describeError } from '../../shared/errors.ts';
import { thisBoot } from '../../shared/host/boot.ts';
import { commandRunner } from '../../shared/host/command-runner.ts';
import { type Log, type LogOptions, openLog } from '../../shared/host/log.ts';
import { ServiceManager } from '../../shared/host/service-manager.ts';
import type { StandardStreams } from '../../shared/host/standard-streams.ts';
import { pinOf } from '../../shared/pin.ts';
import { openFirewalls } from '../enforcers/create-enforcer.ts';
import { OwnMarks } from '../enforcers/ownership/ledger-mark.ts';
import { LedgerError } from '../ledger/ledger.ts';
import { lockLedger } from '../ledger/ledger-lock.ts';
import { SqliteLedger } from '../ledger/sqlite-ledger.ts';
import { openChannel } from '../notifications/open-channel.ts';
import { hostSources } from '../protection/host-sources.ts';
import { DecisionFile } from '../rescue/decision-file.ts';
import { FleetServer, type Identity, type Reread } from '../server.ts';
import type { CertificateFiles, ServerSettings } from '../settings.ts';
import { Timekeeping } from '../timekeeping/timekeeping.ts';
import { inspectFiles } from './inspect-files.ts';
import { type CommandContext, loadSettings } from './load-settings.ts';

/** What the process gives to the server. */
export interface Host extends CommandContext {
  readonly environment: NodeJS.ProcessEnv;
  readonly streams: StandardStreams;
  readonly version: string;
  readonly onSignal: (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', handle: () => void) => void;
  /** Ends the process loudly. */
  readonly crash: (error: unknown) => never;
  /** Ends the process at once, with its exit code. */
  readonly exit: () => never;
}

/** Within the 6 s that the unit gives. */
const logDrainMaxMs = 1_000;
/** An orderly stop that takes longer than this is cut short. */
const stopMaxMs = 4_500;

/** Runs the server until SIGTERM or SIGINT. @throws ConfigError */
export async function runServer(host: Host): Promise<void> {
  const settings = loadSettings(host, inspectFiles);
  let clock: Clock = systemClock;
  const { log, drain } = openLog(logOptions(settings), host.streams, () => clock.now());
  const service = new ServiceManager(host.environment, (error) =>
    log.warn({ error: describeError(error) }, 'systemd was not told'),
  );
  warnOfExposure(settings, log);
  const unlock = await lockLedger(settings.database);
  const timekeeping = await Timekeeping.open({
    folders: [dirname(settings.database), dirname(settings.socket)],
    host: systemClock,
    boot: thisBoot(host.environment['F2NB_BOOT_ID']),
    log,
  });
  clock = timekeeping.clock;
  const server = await startServer(host, settings, { log, timekeeping });
  service.notify('READY=1');
  const stopFeeding = service.feedWatchdog(systemClock);
  const endStatus = service.keepStatus(systemClock, () => server.status);
  host.onSignal('SIGHUP', () => void server.readAgain());
  await stopSignal(host);
  service.notify('STOPPING=1');
  log.info('stopping');
  stopFeeding();
  endStatus();
  await stopServer(host, server);
  unlock();
  // A reader of the log that stands still would keep the process for ever.
  if (!(await drain(logDrainMaxMs))) host.exit();
}

function logOptions({ logLevel: level, logFormat: format }: ServerSettings): LogOptions {
  return { name: 'fail2networkban-server', level, format };
}

interface Own {
  readonly log: Log;
  readonly timekeeping: Timekeeping;
}

async function startServer(host: Host, settings: ServerSettings, { log, timekeeping }: Own): Promise<FleetServer> {
  const { clock } = timekeeping;
  const identity = readIdentity(settings.tls);
  const ledger = await SqliteLedger.open(settings.database);
  const marks = new OwnMarks(ledger.marks);
  const firewallParts = { clock, random: Math.random, soon: setImmediate, marks };
  const firewalls = settings.enforcers.flatMap((each) => openFirewalls(each, firewallParts));
  const { name: serverName } = settings;
  const { version } = host;
  const parts = {
    ledger,
    decisions: new DecisionFile([dirname(settings.database), dirname(settings.socket)]),
    marks,
    firewalls,
    channels: settings.notifications.map((each) => openChannel(each, { clock, serverName, version })),
    identity,
    clock,
    timekeeping,
    random: Math.random,
    randomBytes,
    soon: setImmediate,
    log,
    version,
    resolve: nameResolver(),
    protectedSources: hostSources(settings, {
      run: commandRunner(host.environment['PATH'] ?? ''),
      resolve: nameResolver(),
    }),
    readAgain: () => readAgain(host, log),
    onFault: host.crash,
  };
  const server = await FleetServer.start(settings, parts).catch((error: unknown) => {
    if (!(error instanceof LedgerError)) throw error;
    throw configError(settings.database, '[server] database', `cannot be used: ${describeError(error)}`, error);
  });
  const names = firewalls.map(({ enforcer }) => enforcer.name);
  log.info({ port: server.port, tls: identity !== undefined, firewalls: names }, 'ready');
  return server;
}

async function stopServer(host: Host, server: FleetServer): Promise<void> {
  const cancel = systemClock.after(stopMaxMs, () => host.crash(new Error(`no orderly stop in ${stopMaxMs} ms`)));
  await server.stop();
  cancel();
}

function stopSignal(host: Host): Promise<void> {
  return new Promise((resolve) => {
    host.onSignal('SIGTERM', resolve);
    host.onSignal('SIGINT', resolve);
  });
}

function warnOfExposure({ exposure }: ServerSettings, log: Log): void {
  if (exposure !== undefined) log.warn(exposure);
}

function readAgain(host: Host, log: Log): Reread {
  const settings = loadSettings(host);
  const identity = readIdentity(settings.tls);
  warnOfExposure(settings, log);
  return { settings, identity };
}

function readIdentity(files: CertificateFiles | undefined): Identity | undefined {
  if (files === undefined) return undefined;
  try {
    const cert = readFileSync(files.certificate);
    const key = readFileSync(files.key);
    return { certificate: { cert, key }, pin: pinOf(new X509Certificate(cert)) };
  } catch (error) {
    throw configError(files.certificate, '[server] certificate', `cannot be used: ${describeError(error)}`, error);
  }
}
