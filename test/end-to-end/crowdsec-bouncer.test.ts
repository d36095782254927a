import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { addresses } from '../bench/networks.ts';
import { reportsOf, writeLedger } from '../bench/write-ledger.ts';
import { makeCertificates } from '../certificates.ts';
import { attackers, makeTopology, type Topology, targetAddresses } from '../client/enforcers/nftables/topology.ts';
import { FirewallBouncer } from '../crowdsec/firewall-bouncer.ts';
import { lastFirst, makeFolder } from '../ending.ts';
import { ServerProcess } from './server-process.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const port = 7_000;
const [attacker4, other4] = attackers[4];
const [attacker6, other6] = attackers[6];
const limits = { timeout: suiteMaxMs };
const patienceMs = 150_000;
const many = 1_200;

describe('packets, where the real CrowdSec bouncer reads our bans over TLS', () => {
  const ending = lastFirst({ after });
  let topology: Topology;
  let server: ServerProcess;
  let bouncer: FirewallBouncer;
  let caFile: string;

  before(async () => {
    const dir = await makeFolder(ending);
    const certificates = await makeCertificates(join(dir, 'tls'));
    ({ caFile } = certificates);
    // Others than those of the attackers, and none is whitelisted.
    await writeLedger(join(dir, 'server', 'ledger.db'), reportsOf(addresses(many)));
    server = await ServerProcess.start({ dir: join(dir, 'server'), certificates, enforcers: ['[dry-run]'] });
    ending.after(() => server.kill());
    topology = await openTopology();
    bouncer = await startBouncer('edge');
  }, limits);

  beforeEach(async () => {
    for (const banned of [attacker4, attacker6]) {
      await server.ask('unban', banned);
      await becomes('open', banned);
    }
  }, limits);

  it('are dropped from more than a thousand networks that it is told in one go', limits, async () => {
    await waitUntil(`${many} are blocked`, async () => (await bouncer.blocked()).length === many, patienceMs);
  });

  for (const [what, banned, open] of [
    ['IPv4', attacker4, other4],
    ['IPv6', attacker6, other6],
  ] as const) {
    it(
      `are dropped from an ${what} address that is banned, and only from there, until it is unbanned`,
      limits,
      async () => {
        await server.ask('ban', banned, '--ttl', '1h');
        await becomes('blocked', banned);
        await becomes('open', open);
        await server.ask('unban', banned);
        await becomes('open', banned);
      },
    );
  }

  it('come through when the ban ends by itself, also while the server is down', limits, async () => {
    await server.ask('ban', attacker6, '--ttl', '1h');
    await becomes('blocked', attacker6);
    // Long enough to be seen on a slow machine.
    await server.ask('ban', attacker4, '--ttl', '40s');
    await becomes('blocked', attacker4);
    await server.kill();
    await becomes('open', attacker4);
    await server.start();
    await server.ask('unban', attacker6);
    await becomes('open', attacker6);
    await server.ask('ban', attacker4, '--ttl', '1h');
    await becomes('blocked', attacker4);
  });

  it('are dropped for longer, or shorter, when the ban is', limits, async () => {
    await server.ask('ban', attacker4, '--ttl', '2h');
    await server.ask('ban', attacker6, '--ttl', '2h');
    await becomes('blocked', attacker6);
    await server.ask('ban', attacker6, '--ttl', '5s');
    await becomes('open', attacker6);
    await server.ask('ban', attacker6, '--ttl', '60s');
    await becomes('blocked', attacker6);
    await server.ask('ban', attacker6, '--ttl', '1h');
    // By nftables it keeps the end that it knew first, and is told again when that has passed.
    await waitUntil(
      'the bouncer holds it for an hour',
      async () => /2001:db8::66 timeout (1h|5\dm)/.test(await sets()),
      patienceMs,
    );
  });

  it('come through when the bouncer is killed and the ban ends before it is back', limits, async () => {
    await server.ask('ban', attacker4, '--ttl', '1h');
    await becomes('blocked', attacker4);
    await bouncer.kill();
    await server.ask('unban', attacker4);
    await becomes('blocked', attacker4);
    await bouncer.start();
    await becomes('open', attacker4);
  });

  it(
    'come through from what is whitelisted, in the configuration too, and are dropped again after it',
    limits,
    async () => {
      await server.ask('ban', attacker4, '--ttl', '1h');
      await becomes('blocked', attacker4);
      await server.writeConfig(['whitelist = 192.0.2.0/24']);
      server.program.signal('SIGHUP');
      await becomes('open', attacker4);
      await server.writeConfig([]);
      server.program.signal('SIGHUP');
      await becomes('blocked', attacker4);
      await server.ask('allow', 'add', '192.0.2.0/24', '--for', '1h');
      await becomes('open', attacker4);
      await server.ask('allow', 'remove', '192.0.2.0/24');
    },
  );

  it('come through in a panic, and are dropped again after it', limits, async () => {
    await server.ask('ban', attacker4, '--ttl', '1h');
    await becomes('blocked', attacker4);
    await server.ask('panic');
    await becomes('open', attacker4);
    await waitUntil('nothing is blocked', async () => (await bouncer.blocked()).length === 0, patienceMs);
    await server.ask('resume');
    await becomes('blocked', attacker4);
    await server.ask('unban', attacker4);
    await becomes('open', attacker4);
  });

  it('are dropped from a whole CIDR where its sets take one, by iptables', limits, async () => {
    topology = await openTopology();
    bouncer = await startBouncer('edge-ipset', { mode: 'iptables', iptables_chains: ['INPUT'] });
    for (const [banned, dropped] of [
      ['192.0.2.128/25', other4],
      ['2001:db8::8:0/112', other6],
    ] as const) {
      await server.ask('ban', banned);
      await becomes('blocked', dropped);
      for (const open of [attacker4, attacker6]) await becomes('open', open);
      await server.ask('unban', banned);
      await becomes('open', dropped);
    }
  });

  async function openTopology(): Promise<Topology> {
    const opened = await makeTopology('host', ending);
    await opened.target.startPeer({ task: 'listen', port }).said(/listening/);
    return opened;
  }

  async function startBouncer(name: string, more: object = {}): Promise<FirewallBouncer> {
    const { token } = await server.ask('client', 'add', name, '--http');
    return await FirewallBouncer.start(ending, {
      namespace: topology.filter,
      apiUrl: `https://127.0.0.1:${server.port}`,
      apiKey: String(token),
      more: { ca_cert_path: caFile, ...more },
    });
  }

  async function becomes(state: 'open' | 'blocked', source: string): Promise<void> {
    const host = targetAddresses[source.includes(':') ? 6 : 4];
    const probe = async (): Promise<boolean> => {
      const started = topology.attacker.startPeer({ task: 'probe', port, host, localAddress: source });
      const [said] = await started.said(/open|blocked|failed.*/);
      await started.ended;
      return said === state;
    };
    await waitUntil(`${source} is ${state}; the bouncer says:\n${bouncer.log.slice(-2_000)}`, probe, patienceMs);
  }

  function sets(): Promise<string> {
    return topology.filter.run('nft', 'list', 'ruleset');
  }
});
