import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Agent } from '../../client/agent.ts';
import { type Fail2ban, Fail2banError } from '../../client/fail2ban-client.ts';
import { parseKey } from '../../client/key-text.ts';
import type { PeersOptions } from '../../client/peers/peers.ts';
import { appendToQueue } from '../../client/queue.ts';
import type { ServerAddress, Trust } from '../../client/server-address.ts';
import type { Settings } from '../../client/settings.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { commandRunner } from '../../shared/host/command-runner.ts';
import { type Log, openLog } from '../../shared/host/log.ts';
import { StandardStreams } from '../../shared/host/standard-streams.ts';
import type { Ending } from '../ending.ts';
import { noNames } from '../server/samples.ts';
import { until } from '../until.ts';
import { TestServer, type TestServerOptions } from './test-server.ts';

/** A fail2ban that is down. */
export const noFail2ban: Fail2ban = () => Promise.reject(new Fail2banError('fail2ban is down'));

/** A server that ends with the test. */
export async function startServer(test: Ending, options: TestServerOptions = {}): Promise<TestServer> {
  const server = await new TestServer(options).listen();
  test.after(() => server.close());
  return server;
}

export function addressOf(server: TestServer, trust: Trust = { kind: 'plaintext' }): ServerAddress {
  const key = parseKey(server.keyText);
  if (key === undefined) throw new Error('the test server has no key');
  return { name: 'main', url: server.url, client: server.client, key, trust };
}

export function settingsFor(folder: string, servers: readonly ServerAddress[]): Settings {
  return {
    agent: {
      spool: join(folder, 'spool'),
      state: join(folder, 'state'),
      socket: join(folder, 'agent.sock'),
      hasFail2ban: true,
      fail2banClient: 'fail2ban-client',
      fail2banSocket: undefined,
      jailCheckSeconds: 300,
      logLevel: 'error',
      logFormat: 'auto',
    },
    whitelist: [],
    whitelistNames: [],
    servers,
    subscriptions: [],
    nftables: { hooks: ['host'] },
    commands: new Map(),
  };
}

export interface Running {
  readonly agent: Agent;
  readonly spool: string;
  /** Appends lines as the action does: fields separated by blanks here. */
  write(...lines: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

export interface StartOptions {
  readonly clock?: Clock;
  readonly fail2ban?: Fail2ban;
  readonly openEnforcer?: PeersOptions['openEnforcer'];
  readonly log?: Log;
}

const ofProcess = openLog({ name: 'agent', level: 'error', format: 'auto' }, new StandardStreams(process));

function noEnforcer(): never {
  throw new Error('no subscription names an enforcer');
}

/** A real agent in this process, on real files. */
export async function startAgent(test: Ending, settings: Settings, options: StartOptions = {}): Promise<Running> {
  const { clock = systemClock, fail2ban = noFail2ban, openEnforcer = noEnforcer } = options;
  const { log = ofProcess.log } = options;
  const run = commandRunner('/usr/sbin:/usr/bin:/sbin:/bin');
  const host = {
    clock,
    random: () => 0,
    randomBytes,
    fail2ban,
    resolve: noNames,
    run,
    openEnforcer,
    log,
    agent: 'test',
  };
  const agent = await Agent.open(settings, host);
  const ending = new AbortController();
  const running = agent.run(ending.signal);
  const { spool } = settings.agent;
  const stop = async (): Promise<void> => {
    ending.abort();
    await running;
  };
  test.after(stop);
  await until(() => existsSync(spool), 'the spool is there');
  return {
    agent,
    spool,
    write: async (...lines) => {
      await appendToQueue(spool, lines.map((line) => `${line.replaceAll(' ', '\t')}\n`).join(''));
    },
    stop,
  };
}

/** A line of the action: `ban sshd 203.0.113.7 600`. */
export function actionLine(verb: string, jail: string, network: string, bantime = 600): string {
  return `v1 ${verb} ${jail} ${network} ${bantime} 5 1 ${Date.now() / 1_000}`;
}
