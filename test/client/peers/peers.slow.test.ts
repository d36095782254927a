import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { parseKey } from '../../../client/key-text.ts';
import type { Subscription } from '../../../client/peers/subscription.ts';
import type { ServerAddress } from '../../../client/server-address.ts';
import { runTrial } from '../../../client/trial.ts';
import { systemClock } from '../../../shared/clock.ts';
import { openFilter, type ReportFilter } from '../../../shared/report-filter.ts';
import { MemoryFirewall } from '../../contracts/memory-firewall.ts';
import { lastFirst, makeFolder } from '../../ending.ts';
import type { Credentials } from '../../server/listening.ts';
import { RunningServer } from '../../server/running-server.ts';
import { until } from '../../until.ts';
import { settingsFor, startAgent } from '../agent-under-test.ts';

const subscription = (filter: Partial<ReportFilter> = {}): Subscription => ({
  name: 'all',
  filter: { ...openFilter, ...filter },
  servers: [],
  target: { kind: 'jail', name: 'peers' },
  maxEntries: 1_000,
});

/** A server and hosts that subscribe to it, each with a firewall in memory. */
async function startServer(test: TestContext): Promise<RunningServer> {
  const server = await RunningServer.start();
  test.after(() => server.stop());
  return server;
}

interface HostWish {
  readonly credentials: Credentials;
  readonly subscriptions?: Subscription[];
  /** A server that nobody reaches. */
  readonly away?: Omit<ServerAddress, 'key'>;
  /** What its firewall holds before it starts. */
  readonly held?: readonly string[];
}

async function startHost(
  test: TestContext,
  server: RunningServer,
  { credentials, subscriptions = [subscription()], away, held = [] }: HostWish,
) {
  const ending = lastFirst(test);
  const folder = await makeFolder(ending);
  const key = parseKey(`${credentials.keyId}.${credentials.secret}`);
  assert.ok(key);
  const url = `ws://127.0.0.1:${server.server.port}`;
  const address = { name: 'main', url, client: credentials.client, key, trust: { kind: 'plaintext' } as const };
  const firewall = new MemoryFirewall(100);
  for (const each of held) firewall.entries.set(each, 'ours');
  const servers = away === undefined ? [address] : [address, { ...away, key }];
  const settings = { ...settingsFor(folder, servers), subscriptions };
  const running = await startAgent(ending, settings, { openEnforcer: () => firewall });
  return {
    ...running,
    blocks: (...texts: string[]) =>
      until(() => isSame([...firewall.entries.keys()], texts), `${texts.join()} blocked, nothing else`),
    firewall,
  };
}

const isSame = (a: readonly string[], b: readonly string[]): boolean => [...a].sort().join() === [...b].sort().join();
const may = 'ban,unban,subscribe';

describe('a host that subscribes', { timeout: 1_200_000 }, () => {
  it('blocks what others ban, not what only it bans itself, until the last of them ends', async (test) => {
    const server = await startServer(test);
    const web = await startHost(test, server, { credentials: await server.enroll({ name: 'web1', may }) });
    const db = await startHost(test, server, { credentials: await server.enroll({ name: 'db1', may }) });
    await web.write('v1 ban sshd 203.0.113.7 600 5 1 1700000000');
    await db.blocks('203.0.113.7');
    assert.deepEqual([...web.firewall.entries], []);
    await db.write('v1 ban sshd 203.0.113.7 600 5 1 1700000000');
    await web.blocks('203.0.113.7');
    await web.write('v1 unban sshd 203.0.113.7 600 5 1 1700000000');
    await db.blocks();
    assert.equal(web.firewall.entries.size, 1);
    await db.write('v1 unban sshd 203.0.113.7 600 5 1 1700000000');
    await web.blocks();
  });

  it('has more subscriptions, or patterns, than a server takes filters', async (test) => {
    const server = await startServer(test);
    const web = await startHost(test, server, { credentials: await server.enroll({ name: 'web1', may }) });
    const names = (count: number) => Array.from({ length: count }, (_, at) => `nginx-${at}`);
    const hosts = [names(17).map((jail) => subscription({ jails: [jail] })), [subscription({ jails: names(101) })]];
    const started = hosts.map(async (subscriptions, at) =>
      startHost(test, server, { credentials: await server.enroll({ name: `db${at}`, may }), subscriptions }),
    );
    await web.write('v1 ban sshd 203.0.113.7 600 5 1 1700000000', 'v1 ban nginx-16 203.0.113.8 600 5 1 1700000000');
    for (const host of await Promise.all(started)) await host.blocks('203.0.113.8');
  });

  it('blocks what fits a filter only', async (test) => {
    const server = await startServer(test);
    const web = await startHost(test, server, { credentials: await server.enroll({ name: 'web1', may }) });
    const filtered = await startHost(test, server, {
      credentials: await server.enroll({ name: 'db1', may }),
      subscriptions: [subscription({ jails: ['nginx-*'], families: [4] })],
    });
    await web.write(
      'v1 ban sshd 203.0.113.7 600 5 1 1700000000',
      'v1 ban nginx-auth 203.0.113.8 600 5 1 1700000000',
      'v1 ban nginx-auth 2001:db8::8 600 5 1 1700000000',
    );
    await filtered.blocks('203.0.113.8');
  });

  it('has after a restart what stands, and keeps its firewall meanwhile', async (test) => {
    const server = await startServer(test);
    await server.ask('ban', { network: '203.0.113.7' });
    const credentials = await server.enroll({ name: 'db1', may });
    const first = await startHost(test, server, { credentials });
    await first.blocks('203.0.113.7');
    await first.stop();
    assert.equal(first.firewall.entries.size, 1);
    await server.ask('ban', { network: '203.0.113.8' });
    const second = await startHost(test, server, { credentials });
    await second.blocks('203.0.113.7', '203.0.113.8');
  });

  it('keeps what its firewall held before, until every server has told', async (test) => {
    const server = await startServer(test);
    await server.ask('ban', { network: '203.0.113.7' });
    const away = { name: 'away', url: 'ws://127.0.0.1:9', client: 'db1', trust: { kind: 'plaintext' } as const };
    const credentials = await server.enroll({ name: 'db1', may });
    const db = await startHost(test, server, { credentials, away, held: ['203.0.113.9'] });
    await db.blocks('203.0.113.7', '203.0.113.9');
    await server.ask('unban', { network: '203.0.113.7' });
    await db.blocks('203.0.113.9');
    const panic = server.ask('panic');
    await db.blocks();
    server.clock.advance(20_000);
    await panic;
  });

  it('takes off what it held before where it may no longer subscribe', async (test) => {
    const server = await startServer(test);
    const credentials = await server.enroll({ name: 'db1', may: 'ban,unban' });
    const db = await startHost(test, server, { credentials, held: ['203.0.113.9'] });
    await db.blocks();
  });

  it('unblocks all while the operator holds enforcement', async (test) => {
    const server = await startServer(test);
    const db = await startHost(test, server, { credentials: await server.enroll({ name: 'db1', may }) });
    await server.ask('ban', { network: '203.0.113.7' });
    await db.blocks('203.0.113.7');
    const panic = server.ask('panic');
    await db.blocks();
    const resume = server.ask('resume');
    await db.blocks('203.0.113.7');
    server.clock.advance(20_000);
    await Promise.all([panic, resume]);
  });

  it('ends a ban at its time by itself', async (test) => {
    const server = await startServer(test);
    const db = await startHost(test, server, { credentials: await server.enroll({ name: 'db1', may }) });
    await server.ask('ban', { network: '203.0.113.7', ttl: '1s' });
    await db.blocks('203.0.113.7');
    // The server's clock stands still: it announces no end.
    await db.blocks();
  });

  it('is tried out: an address that nobody has is blocked and freed at the server and here', async (test) => {
    const server = await startServer(test);
    const db = await startHost(test, server, { credentials: await server.enroll({ name: 'db1', may }) });
    await until(() => db.agent.peers.reports.get('main')?.isKnown === true, 'the server has told');
    const { servers, enforcers } = await runTrial(db.agent, systemClock, new AbortController().signal);
    const [{ recordedMs = null, firewalls = [] } = {}] = servers;
    assert.equal(typeof recordedMs, 'number');
    for (const each of [firewalls, enforcers]) {
      assert.deepEqual(
        each.map(({ blockedMs, freedMs }) => [typeof blockedMs, typeof freedMs]),
        [['number', 'number']],
      );
    }
    assert.deepEqual([server.blocked, [...db.firewall.entries]], [[], []]);
  });

  it('is tried out without waiting where a server is not connected', async (test) => {
    const server = await startServer(test);
    const away = { name: 'away', url: 'ws://127.0.0.1:9', client: 'db1', trust: { kind: 'plaintext' } as const };
    const db = await startHost(test, server, { credentials: await server.enroll({ name: 'db1', may }), away });
    await until(() => db.agent.destinations[1]?.courier.state.kind === 'waiting', 'the other server is not reached');
    const { servers } = await runTrial(db.agent, systemClock, new AbortController().signal);
    assert.match(servers.find(({ server: name }) => name === 'away')?.reason ?? '', /^not connected \(unreachable: /);
  });

  it('goes on as before where the server does not let it subscribe', async (test) => {
    const server = await startServer(test);
    const db = await startHost(test, server, { credentials: await server.enroll({ name: 'db1', may: 'ban,unban' }) });
    await db.write('v1 ban sshd 203.0.113.7 600 5 1 1700000000');
    await until(() => server.blocked.includes('203.0.113.7'), 'blocked at the server');
    assert.equal(db.firewall.entries.size, 0);
  });
});
