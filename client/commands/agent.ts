import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { nameResolver } from '../../shared/dns/resolve-name.ts';
import { describeError } from '../../shared/errors.ts';
import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { commandRunner } from '../../shared/host/command-runner.ts';
import { type LocalVerb, serveLocalSocket } from '../../shared/host/local-socket.ts';
import { type Log, openLog } from '../../shared/host/log.ts';
import { type ServiceEnvironment, ServiceManager } from '../../shared/host/service-manager.ts';
import type { StandardStreams } from '../../shared/host/standard-streams.ts';
import { version } from '../../shared/version.ts';
import { Agent } from '../agent.ts';
import { makeOpenEnforcer } from '../enforcers/create-enforcer.ts';
import { fail2banOf } from '../fail2ban-of.ts';
import { makeLocalVerbs } from '../local-verbs.ts';
import { loadSettings, type Settings } from '../settings.ts';
import { describeAgent } from '../status-line.ts';
import { type OnSignal, type Wish, Wishes } from '../wishes.ts';
import type { CommandContext } from './command-context.ts';
import { lockFolders } from './lock-folders.ts';

/** Within the 6 s that the unit gives. */
const logDrainMaxMs = 1_000;

/** What the process gives to the agent. */
export interface Surroundings {
  readonly environment: ServiceEnvironment & { readonly PATH?: string | undefined };
  readonly streams: StandardStreams;
  readonly onSignal: OnSignal;
  /** Ends the process at once, with its exit code. */
  readonly exit: () => never;
}

/** `agent`: runs until SIGTERM or SIGINT; SIGHUP reads the configuration again. @throws ConfigError */
export async function runAgent(context: CommandContext, surroundings: Surroundings): Promise<ExitCode> {
  let settings = await loadSettings(context.config);
  const { logLevel: level, logFormat: format } = settings.agent;
  const { log, drain } = openLog({ name: 'fail2networkban', level, format }, surroundings.streams);
  const service = new ServiceManager(surroundings.environment, (error) =>
    log.warn({ error: describeError(error) }, 'systemd was not told'),
  );
  const wishes = new Wishes(surroundings.onSignal);
  const path = surroundings.environment.PATH ?? '';
  const endFeeding = service.feedWatchdog(context.clock);
  try {
    while ((await runOnce(context, { settings, log, service, wishes, path })) === 'reload') {
      settings = await reload(context, settings, log);
    }
  } finally {
    // It would keep a process that has failed alive, and systemd content.
    endFeeding();
  }
  // A reader of the log that stands still would keep the process for ever.
  if (!(await drain(logDrainMaxMs))) surroundings.exit();
  return exitCodes.done;
}

interface Run {
  readonly settings: Settings;
  readonly log: Log;
  readonly service: ServiceManager;
  readonly wishes: Wishes;
  /** Where programs are looked up, as PATH is written. */
  readonly path: string;
}

async function runOnce({ clock, config }: CommandContext, run: Run): Promise<Wish> {
  const { settings, log, service, wishes } = run;
  const verbs = new Map<string, LocalVerb>();
  await mkdir(dirname(settings.agent.socket), { recursive: true, mode: 0o700 });
  // First of all: a second agent of the same configuration ends here, and names the socket.
  const closeSocket = await serveLocalSocket(settings.agent.socket, verbs);
  const ending = new AbortController();
  let unlock = async (): Promise<void> => undefined;
  let endStatus = (): void => undefined;
  try {
    unlock = await lockFolders(settings.agent, config);
    const agent = await openAgent(clock, run);
    for (const [name, verb] of makeLocalVerbs(agent, clock)) verbs.set(name, verb);
    const running = agent.run(ending.signal);
    log.info({ servers: settings.servers.map(({ name }) => name), spool: settings.agent.spool }, 'ready');
    service.notify('READY=1');
    endStatus = service.keepStatus(clock, () => describeAgent(agent, clock));
    // The agent's own end before its time is a fault, and rises here.
    const wish = await Promise.race([wishes.next(), running.then((): Wish => 'stop')]);
    service.notify(wish === 'stop' ? 'STOPPING=1' : 'RELOADING=1');
    log.info({ wish }, 'ending');
    ending.abort();
    await running;
    return wish;
  } finally {
    ending.abort();
    endStatus();
    await unlock();
    await closeSocket();
  }
}

function openAgent(clock: Clock, { settings, log, path }: Run): Promise<Agent> {
  const fail2ban = fail2banOf(settings.agent);
  return Agent.open(settings, {
    clock,
    random: Math.random,
    randomBytes,
    fail2ban,
    resolve: nameResolver(),
    run: commandRunner(path),
    openEnforcer: makeOpenEnforcer({ settings, fail2ban, clock, log, randomBytes }),
    log,
    agent: `fail2networkban ${version}`,
  });
}

/** A configuration that cannot be read leaves the one before in force. */
async function reload({ config }: CommandContext, before: Settings, log: Log): Promise<Settings> {
  try {
    return await loadSettings(config);
  } catch (error) {
    log.error({ error: describeError(error) }, 'configuration not taken, the one before stays');
    return before;
  }
}
