import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { LocalNetworks } from '../../../../server/enforcers/proxmox/local-networks.ts';
import { readManagement } from '../../../../server/enforcers/proxmox/management.ts';
import { openApi } from '../../../../server/enforcers/proxmox/open-api.ts';
import type { ProxmoxTransport } from '../../../../server/enforcers/proxmox/proxmox-transport.ts';
import type { SetContent } from '../../../../server/enforcers/proxmox/read-set.ts';
import { parseNetwork } from '../../../../shared/network.ts';
import type { EmulatedNode } from '../../../emulators/proxmox/api/emulated-cluster.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { startProxmox, transportTo } from './emulated-ipset.ts';

const signal = new AbortController().signal;
/** What a single node on loopback puts into `management` by itself. */
const local = '127.0.0.0/8';
const aliases = `[ALIASES]

office 198.51.100.17 # the office
Laptop 203.0.113.22
home 203.0.113.129/26
six 2001:DB8:0:7::1/64
z-9_a 192.0.2.9/32

`;

/** A line below [IPSET management], what it means, and what is said when it means nothing. */
const lines: readonly (readonly [line: string, networks: readonly string[], unknown?: RegExp])[] = [
  ['203.0.113.1', ['203.0.113.1']],
  ['203.0.113.5/24', ['203.0.113.0/24']],
  ['2001:DB8::1', ['2001:db8::1']],
  ['office', ['198.51.100.17']],
  ['dc/office', ['198.51.100.17']],
  ['OFFICE', ['198.51.100.17']],
  ['laptop # mine', ['203.0.113.22']],
  ['dc/LAPTOP', ['203.0.113.22']],
  ['home', ['203.0.113.128/26']],
  ['six', ['2001:db8:0:7::/64']],
  ['z-9_a\r', ['192.0.2.9']],
  ['guest/office', [], /^guest\/office: the alias of a guest/],
  ['nobody', [], /^nobody: no such alias/],
  ['dc/nobody', [], /^dc\/nobody: no such alias/],
  ['0.0.0.0/0', [], /^0\.0\.0\.0\/0: a zero prefix/],
  ['192.0.2.300', [], /^192\.0\.2\.300: value does not look/],
  ['203.0.113.201 scanner of march', [], /^a line without an address.*is a # missing/],
  ['scanner of march # lost', [], /^a line without an address, which ends in "lost"/],
  ['!', [], /^!: what Proxmox left/],
  ['[BOGUS]', [], /^\[BOGUS\]: /],
  ['!198.51.100.17', []],
  ['!office', []],
  ['local_network', []],
];

describe('readManagement', () => {
  let proxmox: EmulatedProxmox;
  let transport: ProxmoxTransport;
  before(async () => {
    proxmox = await startProxmox();
    transport = transportTo(proxmox);
  });
  after(async () => {
    transport.close();
    await proxmox.close();
  });

  async function read(clusterFw: string): Promise<SetContent> {
    proxmox.writeClusterFw(clusterFw);
    return readManagement(await openApi(transport, signal), new LocalNetworks());
  }

  for (const [line, networks, unknown] of lines) {
    it(`takes ${JSON.stringify(line)} for ${networks.join() || 'nothing'}, and the lines around it for what they mean`, async () => {
      const content = await read(`${aliases}[IPSET management]\n\n192.0.2.1\n${line}\n192.0.2.2\n`);
      assert.deepEqual([...content.networks].sort(), ['192.0.2.1', '192.0.2.2', local, ...networks].sort());
      const said = content.unknown.map(({ member, reason }) => `${member}: ${reason}`);
      assert.equal(said.length, unknown === undefined ? 0 : 1);
      if (unknown !== undefined) assert.match(said.join(), unknown);
    });
  }

  it('takes a set that is not there for an empty one, beside which Proxmox puts its own', async () => {
    assert.deepEqual(await read(aliases), { networks: [local], unknown: [] });
  });

  it('takes the alias local_network, when somebody defined it, for the network of all nodes', async () => {
    const content = await read('[ALIASES]\n\nLocal_Network 10.1.2.3/16\n\n');
    assert.deepEqual(content, { networks: ['10.1.0.0/16'], unknown: [] });
  });

  it('never loses a member, however the set is written', async () => {
    const octet = fc.integer({ min: 1, max: 254 });
    const address = fc.oneof(
      fc.tuple(octet, octet).map(([a, b]) => `203.0.${a}.${b}`),
      fc.tuple(octet, fc.integer({ min: 8, max: 30 })).map(([a, length]) => `198.51.${a}.77/${length}`),
      fc.tuple(octet, fc.integer({ min: 33, max: 127 })).map(([a, length]) => `2001:db8:${a}::/${length}`),
    );
    const alias = fc.record({
      cidr: address,
      prefix: fc.constantFrom('', 'dc/'),
      fold: fc.boolean(),
      comment: fc.boolean(),
    });
    const noise = fc.constantFrom('two words', 'nobody', '!203.0.113.7', '1.2.3', '', '# a comment', 'guest/a0');
    const model = fc.tuple(fc.array(alias, { maxLength: 6 }), fc.array(address, { maxLength: 4 }), fc.array(noise));
    await fc.assert(
      fc.asyncProperty(model, async ([named, spelled, other]) => {
        const names = named.map(({ cidr }, at) => `a${at}Name ${cidr}`);
        const members = named.map(({ prefix, fold, comment }, at) => {
          const name = fold ? `A${at}nAME` : `a${at}Name`;
          return `${prefix}${name}${comment ? ' # why' : ''}`;
        });
        const set = [...members, ...spelled, ...other].join('\n');
        const content = await read(`[ALIASES]\n\n${names.join('\n')}\n\n[IPSET management]\n\n${set}\n`);
        const meant = [...named.map(({ cidr }) => cidr), ...spelled].map(parseNetwork);
        assert.deepEqual(new Set(content.networks), new Set([...meant, parseNetwork(local)]));
        const nothing = other.filter((line) => ['two words', 'nobody', '1.2.3', 'guest/a0'].includes(line));
        assert.equal(content.unknown.length, nothing.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the network of each node, which Proxmox puts into management by itself', () => {
  const cases: readonly (readonly [string, EmulatedNode, readonly string[], RegExp?])[] = [
    ['its interface has it', { name: 'pve1', ip: '198.51.100.7', cidr: '198.51.100.7/26' }, ['198.51.100.0/26']],
    ['it is alone', { name: 'pve1', ip: '198.51.100.7' }, ['198.51.100.7']],
    ['it is IPv6', { name: 'pve1', ip: '2001:db8::7', cidr: '2001:db8::7/64' }, ['2001:db8::/64']],
    ['its address comes by DHCP', { name: 'pve1', ip: '198.51.100.7', cidr: undefined }, [], /no interface has its/],
    ['it is offline', { name: 'pve1', ip: '198.51.100.7', online: false }, [], /node pve1: .*595/],
  ];
  for (const [when, node, networks, unknown] of cases) {
    it(`is ${networks.join() || 'not known'} when ${when}`, async () => {
      const proxmox = await startProxmox({ cluster: { name: 'c', nodes: [node], guests: [] } });
      const transport = transportTo(proxmox);
      const content = await readManagement(await openApi(transport, signal), new LocalNetworks());
      transport.close();
      await proxmox.close();
      assert.deepEqual(content.networks, networks);
      const said = content.unknown.map(({ member, reason }) => `${member}: ${reason}`).join();
      assert.match(said, unknown ?? /^$/);
    });
  }

  it('stays known while the node does not answer', async () => {
    const proxmox = await startProxmox({
      cluster: { nodes: [{ name: 'pve1', ip: '198.51.100.7', cidr: '198.51.100.7/26' }], guests: [] },
    });
    const transport = transportTo(proxmox);
    const localNetworks = new LocalNetworks();
    const api = await openApi(transport, signal);
    const before = await readManagement(api, localNetworks);
    proxmox.faults.next({ kind: '595' }, { path: /\/network$/ });
    assert.deepEqual(await readManagement(api, localNetworks), before);
    transport.close();
    await proxmox.close();
  });
});
