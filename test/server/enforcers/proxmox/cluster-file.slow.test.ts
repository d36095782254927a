import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { ClusterFileRoom } from '../../../../server/enforcers/proxmox/cluster-file-room.ts';
import {
  clusterFileMaxBytes,
  clusterFileReserveBytes,
  readBytesElsewhere,
} from '../../../../server/enforcers/proxmox/cluster-file-size.ts';
import { openApi } from '../../../../server/enforcers/proxmox/open-api.ts';
import { parseNetwork } from '../../../../shared/network.ts';
import { NetworkIndex } from '../../../../shared/network-index.ts';
import { network as aNetwork, entry } from '../../../contracts/reconciler-bench.ts';
import { formatClusterFw } from '../../../emulators/proxmox/cluster-fw/format-cluster-fw.ts';
import { parseClusterFw } from '../../../emulators/proxmox/cluster-fw/parse-cluster-fw.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { until } from '../../../until.ts';
import { ServerOnProxmox } from '../ownership/server-on-proxmox.ts';
import { startProxmox, transportTo } from './emulated-ipset.ts';

const signal = new AbortController().signal;
const budget = clusterFileMaxBytes - clusterFileReserveBytes;

/** What an administrator wrote, in so many bytes. */
function large(bytes: number): string {
  const [head, tail] = [
    '[OPTIONS]\n\nenable: 1\n\n',
    '[IPSET blacklist]\n\n\n[RULES]\n\nIN SSH(ACCEPT) -log nolog\n\n',
  ];
  const set = (comment: string): string => `[IPSET aa]\n\n192.0.2.200 # ${comment}\n\n`;
  const rest = bytes - Buffer.byteLength(head + set('') + tail);
  return `${head}${set('c'.repeat(rest))}${tail}`;
}

const addresses = (count: number, third: number): string[] =>
  Array.from({ length: count }, (_, at) => `203.${third}.${at >> 7}.${(at & 127) * 2}`);

async function start(t: TestContext, clusterFw: string): Promise<[EmulatedProxmox, ServerOnProxmox]> {
  const proxmox = await startProxmox({ clusterFw });
  const server = await ServerOnProxmox.start(proxmox, 'k3x9');
  t.after(async () => {
    await server.stop();
    await proxmox.close();
  });
  await server.rest();
  return [proxmox, server];
}

/** @returns what gives the largest size that a write of the server left cluster.fw with, when the write made it larger */
function watchGrowth(proxmox: EmulatedProxmox, server: ServerOnProxmox): () => number {
  let [before, most] = [sizeOf(proxmox), 0];
  server.onWrite = () => {
    const bytes = sizeOf(proxmox);
    if (bytes > before) most = Math.max(most, bytes);
    before = bytes;
  };
  return () => most;
}

/** Those of these networks that are blocked. */
function blockedOf(proxmox: EmulatedProxmox, networks: readonly string[]): string[] {
  const index = new NetworkIndex(proxmox.entriesOf('blacklist').flatMap(({ cidr }) => parseNetwork(cidr) ?? []));
  return networks.filter((network) => index.covering(aNetwork(network)) !== undefined);
}

/** What an administrator writes around the entries that are there. */
function withOursOf(proxmox: EmulatedProxmox, text: string): string {
  const ours = proxmox.entriesOf('blacklist').map(({ cidr, comment }) => `${cidr} # ${comment}\n`);
  return text.replace('[IPSET blacklist]\n\n', `[IPSET blacklist]\n\n${ours.join('')}`);
}

const sizeOf = (proxmox: EmulatedProxmox): number => Buffer.byteLength(proxmox.readClusterFw() ?? '');

describe('the size of cluster.fw', () => {
  it('is told by the API as Proxmox writes it, or a little more, whatever stands in it', async () => {
    const proxmox = await startProxmox();
    const transport = transportTo(proxmox);
    const api = await openApi(transport, signal);
    const comment = fc.constantFrom('', ' # why', ' # Störer von März');
    const member = fc.tuple(
      fc.constantFrom('192.0.2.1', '2001:db8::/64', '!198.51.100.9', 'nobody', 'two words'),
      comment,
    );
    const rule = fc.tuple(
      fc.constantFrom('IN ACCEPT', '|OUT DROP', 'IN SSH(ACCEPT)', 'GROUP web'),
      fc.constantFrom('', ' -source 192.0.2.1 -p tcp -dport 22', ' -i vmbr0 -log nolog', ' -p icmp -icmp-type 8'),
      comment,
    );
    const lines = (all: readonly (readonly string[])[]): string => all.map((parts) => `${parts.join('')}\n`).join('');
    const file = fc
      .record({
        options: fc.constantFrom('', '[OPTIONS]\nenable: 1\npolicy_in: DROP\n'),
        aliases: fc.constantFrom('', '[ALIASES]\noffice 198.51.100.17 # the office\nhome 10.0.0.0/8\n'),
        sets: fc.array(
          fc.tuple(fc.constantFrom('a1', 'b-2', 'blacklist'), fc.array(member, { maxLength: 4 }), comment),
        ),
        rules: fc.array(rule, { maxLength: 4 }),
        group: fc.array(rule, { maxLength: 3 }),
      })
      .map(({ options, aliases, sets, rules, group }) =>
        [
          options,
          aliases,
          ...sets.map(([name, members, about]) => `[IPSET ${name}]${about}\n${lines(members)}`),
          `[RULES]\n${lines(rules)}[group web] # w\n${lines(group)}`,
        ].join(''),
      );
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const written = formatClusterFw(parseClusterFw(text));
        proxmox.writeClusterFw(written);
        const entries = parseClusterFw(written).ipsets.get('blacklist')?.entries ?? [];
        const own = entries.reduce((sum, { cidr, comment: why, nomatch }) => {
          return sum + Number(nomatch === true) + Buffer.byteLength(`${cidr}${why === undefined ? '' : ` # ${why}`}\n`);
        }, 0);
        const told = (await readBytesElsewhere(api, 'blacklist')) + own;
        const bytes = Buffer.byteLength(written);
        assert.ok(told >= bytes && told <= bytes * 1.1 + 100, `${told} for ${bytes}`);
      }),
      { numRuns: 60 },
    );
    transport.close();
    await proxmox.close();
  });
});

describe('a cluster.fw that comes to its end', () => {
  it('never gets beyond the budget, beside whatever an administrator wrote, and takes newer bans in', async (t) => {
    const [proxmox, server] = await start(t, large(budget - 10_000));
    let most = 0;
    server.onWrite = () => {
      most = Math.max(most, sizeOf(proxmox));
    };
    await server.banAll(addresses(400, 0));
    await server.pass();
    const held = proxmox.entriesOf('blacklist').length;
    assert.ok(held > 100 && held < 300, `${held} entries`);
    assert.equal(server.enforcement.leftOut('proxmox/main').leftOut, 400 - held);
    await server.banAll(addresses(150, 1));
    await server.pass();
    assert.ok(proxmox.entriesOf('blacklist').some(({ cidr }) => cidr.startsWith('203.1.')));
    assert.ok(most <= budget && most > budget - 1_000, `${most} of ${budget}`);
    const { bytes, budgetBytes } = server.enforcement.usage('proxmox/main') ?? assert.fail();
    assert.equal(budgetBytes, budget);
    assert.ok(Math.abs(bytes - sizeOf(proxmox)) < 50, `${bytes} told, ${sizeOf(proxmox)} there`);
  });

  it('holds the newest bans when full, joined or not, and is filled again when some end', async (t) => {
    const [proxmox, server] = await start(t, large(budget - 6_000));
    const most = watchGrowth(proxmox, server);
    // All of one host, so that what it banned first gives way; two and two of them become one entry.
    const bans = Array.from({ length: 400 }, (_, at) => 2 * at - (at & 1)).map((at) => `203.0.${at >> 8}.${at & 255}`);
    server.core.policy.configure({ ...server.core.policy.settings, reportsPerClientMax: bans.length });
    await server.banAll(bans, 'web1');
    await server.pass();
    const newest = bans.slice(-100);
    assert.deepEqual(blockedOf(proxmox, newest), newest);
    assert.deepEqual(blockedOf(proxmox, bans.slice(0, 50)), []);
    assert.ok(budget - sizeOf(proxmox) < 1_000, `${budget - sizeOf(proxmox)} bytes are free`);
    // One of two ends: what was joined is split.
    const isEnded = (_: string, at: number): boolean => at % 2 === 0;
    await server.unbanAll(newest.filter(isEnded), 'web1');
    await server.pass();
    assert.deepEqual(
      blockedOf(proxmox, newest),
      newest.filter((network, at) => !isEnded(network, at)),
    );
    assert.ok(budget - sizeOf(proxmox) < 1_000, `${budget - sizeOf(proxmox)} bytes are free after some ended`);
    await server.unbanAll(bans.slice(100), 'web1');
    await server.pass();
    assert.equal(server.enforcement.leftOut('proxmox/main').leftOut, 0);
    assert.deepEqual(blockedOf(proxmox, bans), bans.slice(0, 100));
    assert.ok(most() <= budget, `${most()} of ${budget}`);
  });

  it('is looked at again while much is added, and takes no more than others leave', async (t) => {
    const [proxmox, server] = await start(t, large(budget - 40_000));
    const most = watchGrowth(proxmox, server);
    const written = large(budget - 12_000);
    let added = 0;
    const grow = server.onWrite;
    server.onWrite = () => {
      grow();
      added += 1;
      if (added === 50) proxmox.writeClusterFw(withOursOf(proxmox, written));
    };
    await server.banAll(addresses(700, 0));
    await server.pass();
    assert.ok(most() <= budget, `${most()} of ${budget}`);
    assert.ok(server.enforcement.leftOut('proxmox/main').leftOut > 300);
  });

  it('gives room back when the administrator needs it', async (t) => {
    const [proxmox, server] = await start(t, large(budget - 10_000));
    await server.banAll(addresses(400, 0));
    await server.pass();
    const text = proxmox.readClusterFw() ?? '';
    proxmox.writeClusterFw(text.replace('[RULES]', `[IPSET zz]\n\n192.0.2.201 # ${'d'.repeat(8_000)}\n\n[RULES]`));
    await server.advance(900_000);
    await server.pass();
    assert.ok(sizeOf(proxmox) <= budget, `${sizeOf(proxmox)} of ${budget}`);
  });

  it('that somebody else has filled is named with the one way back, and all goes on afterwards', async (t) => {
    const [proxmox, server] = await start(t, large(100_000));
    await server.ban('203.0.113.1');
    await server.rest();
    proxmox.writeClusterFw(large(1_048_565));
    await server.core.clock.advance(300_000);
    const [reconciler] = server.enforcement.reconcilers;
    await until(() => reconciler?.state.kind === 'failing' && server.core.clock.waiting > 0, 'it fails');
    const { reason } = reconciler?.state.kind === 'failing' ? reconciler.state : assert.fail();
    assert.match(
      reason,
      /cluster\.fw has come to its end at 1 MiB .*the one way back: make \/etc\/pve\/firewall\/cluster\.fw shorter/,
    );
    proxmox.writeClusterFw(large(100_000));
    server.core.clock.advance(60_000);
    await server.rest();
    assert.deepEqual(
      proxmox.entriesOf('blacklist').map(({ cidr }) => cidr),
      ['203.0.113.1'],
    );
  });

  it('is looked at itself before each entry, where this machine has it', async (t) => {
    const proxmox = await startProxmox({ clusterFw: large(500_000) });
    t.after(() => proxmox.close());
    const transport = transportTo(proxmox);
    const room = new ClusterFileRoom({
      mark: 'k3x9',
      ipset: 'blacklist',
      clock: new ManualClock(),
      file: proxmox.clusterFwFile,
    });
    await room.measure(await openApi(transport, signal), []);
    transport.close();
    assert.deepEqual([room.usage.bytes, room.isFull], [500_000, false]);
    assert.equal(proxmox.log.reads, 0);
    room.mustHaveRoom();
    assert.equal(room.costOf(entry('203.0.113.1')), Buffer.byteLength('203.0.113.1 # f2nb:k3x9 sshd web1\n'));
    proxmox.writeClusterFw(large(1_030_000));
    assert.throws(() => room.mustHaveRoom(), /cluster\.fw is 1030000 bytes of the 1048576 .*nothing is added/);
  });
});
