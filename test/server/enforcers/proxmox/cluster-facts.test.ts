import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openFirewalls } from '../../../../server/enforcers/create-enforcer.ts';
import { OwnMarks } from '../../../../server/enforcers/ownership/ledger-mark.ts';
import { type ClusterFacts, readClusterFacts } from '../../../../server/enforcers/proxmox/cluster-facts.ts';
import { isUnreadable, type Readable } from '../../../../server/enforcers/proxmox/readable.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { formatClusterFw } from '../../../emulators/proxmox/cluster-fw/format-cluster-fw.ts';
import { parseClusterFw } from '../../../emulators/proxmox/cluster-fw/parse-cluster-fw.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { startProxmox, transportTo } from './emulated-ipset.ts';

const clusterFw = `[OPTIONS]

enable: 1

[IPSET blacklist]

192.0.2.1 # f2nb sshd web1
192.0.2.2 # mine
2001:DB8::1 # f2nb sshd web1
2001:db8::1 # mine
nonsense
!192.0.2.9 # not this

[IPSET management]

198.51.100.0/24
2001:db8:f::1

`;

/** Of what Proxmox makes of a file when it writes it. */
const sizeOnceWritten = (text: string): number => Buffer.byteLength(formatClusterFw(parseClusterFw(text)));

describe('readClusterFacts', () => {
  const signal = new AbortController().signal;
  let proxmox: EmulatedProxmox;

  before(async () => {
    proxmox = await startProxmox({
      clusterFw,
      cluster: {
        name: 'example',
        nodes: [
          { name: 'pve1', ip: '198.51.100.11' },
          { name: 'pve2', ip: '198.51.100.12', firewall: { enable: false, nftables: true } },
          { name: 'pve3', ip: '2001:db8:f::13', online: false },
        ],
        guests: [
          { vmid: 100, type: 'qemu', node: 'pve1', name: 'web', networks: [{ firewall: true }, { firewall: false }] },
          { vmid: 101, type: 'lxc', node: 'pve2', name: 'mail', running: false, networks: [{ firewall: true }] },
        ],
      },
    });
  });
  after(() => proxmox.close());

  async function factsFor(token: string): Promise<ClusterFacts> {
    const transport = transportTo(proxmox, proxmox.tokenOf(token));
    try {
      return await readClusterFacts(transport, 'blacklist', signal);
    } finally {
      transport.close();
    }
  }

  function read<Value>(value: Readable<Value>): Value {
    if (isUnreadable(value)) assert.fail(value.unreadable);
    return value;
  }

  it('tells a well-equipped token everything', async () => {
    const facts = await factsFor('f2nb@pve!doctor');
    assert.equal(facts.version, '9.2.11');
    assert.deepEqual(facts.permissions, { sysModify: 'here', sysAudit: 'below', vmAudit: 'below' });
    assert.equal(facts.firewall, 'on');
    assert.deepEqual(read(facts.management).networks, [
      '198.51.100.0/24',
      '2001:db8:f::1',
      '198.51.100.11',
      '198.51.100.12',
    ]);
    assert.deepEqual(
      read(facts.management).unknown.map(({ member }) => member),
      ['the network of node pve3'],
    );
    assert.deepEqual(read(facts.guests), [
      { vmid: 100, name: 'web', node: 'pve1', isRunning: true, openCards: ['net1'] },
      { vmid: 101, name: 'mail', node: 'pve2', isRunning: false, openCards: [] },
    ]);
  });

  it('tells what the nodes do about the firewall, and names those that cannot be asked', async () => {
    const nodes = read((await factsFor('f2nb@pve!server')).nodes);
    assert.deepEqual(
      nodes.map(({ name, address, isOnline, firewall }) => [name, address, isOnline, firewall]),
      [
        ['pve1', '198.51.100.11', true, { isEnabled: true, isNftables: false }],
        ['pve2', '198.51.100.12', true, { isEnabled: false, isNftables: true }],
        ['pve3', '2001:db8:f::13', false, { unreadable: 'node pve3 is offline' }],
      ],
    );
    const seconds = nodes.map(({ timeSeconds }) => (isUnreadable(timeSeconds) ? 0 : timeSeconds));
    assert.ok(Math.abs((seconds[0] ?? 0) - Date.now() / 1_000) < 60);
  });

  it('tells what is odd about the ipset', async () => {
    const ipset = read((await factsFor('f2nb@pve!server')).ipset);
    assert.deepEqual(ipset, {
      marked: new Map([['old', 2]]),
      theirs: 2,
      exceptions: ['192.0.2.9'],
      unusable: [{ cidr: 'nonsense', name: 'nonsense', reason: "no such alias 'nonsense'", mending: 'delete' }],
      odd: [{ cidr: '2001:DB8::1', canonical: '2001:db8::1' }],
      repeated: [['2001:DB8::1', '2001:db8::1']],
    });
  });

  it('counts the bytes of the whole file, as they stand in it', async () => {
    assert.equal(read((await factsFor('f2nb@pve!server')).fileBytes), sizeOnceWritten(clusterFw));
  });

  it('knows an ipset that is not there from one that may not be read', async () => {
    const transport = transportTo(proxmox);
    const facts = await readClusterFacts(transport, 'other', signal);
    transport.close();
    assert.equal(facts.ipset, undefined);
    assert.ok(isUnreadable((await factsFor('f2nb@pve!none')).ipset));
  });

  it('names what the token may not read instead of guessing', async () => {
    const facts = await factsFor('f2nb@pve!server');
    assert.ok(isUnreadable(facts.guests));
    assert.match(facts.guests.unreadable, /VM\.Audit/);
    const nothing = await factsFor('f2nb@pve!none');
    assert.deepEqual(nothing.permissions, { sysModify: 'none', sysAudit: 'none', vmAudit: 'none' });
    for (const fact of [nothing.firewall, nothing.nodes, nothing.management, nothing.fileBytes]) {
      assert.ok(isUnreadable(fact));
      assert.match(fact.unreadable, /403/);
    }
  });

  it('takes granted without propagation for granted', async () => {
    const { permissions, nodes } = await factsFor('f2nb@pve!noprop');
    assert.deepEqual(permissions, { sysModify: 'here', sysAudit: 'here', vmAudit: 'none' });
    assert.ok(isUnreadable(read(nodes)[0]?.firewall));
  });

  it('fails when the token is not known at all', async () => {
    await assert.rejects(factsFor('f2nb@pve!expired'), { code: 'denied' });
  });

  it('only reads', () => assert.equal(proxmox.log.writes, 0));

  it('is where the policy learns whose addresses must not be banned', async () => {
    const { host, port, caPem, token } = proxmox;
    const [firewall] = openFirewalls(
      {
        kind: 'proxmox',
        name: 'main',
        limits: { maxEntries: 1, merge: true, resyncSeconds: 300 },
        endpoint: { scheme: 'https', host, port, trust: { kind: 'ca', readPem: () => caPem } },
        readToken: () => token,
        ipset: 'blacklist',
      },
      { clock: systemClock, random: () => 1, soon: setImmediate, marks: new OwnMarks(['test']) },
    );
    assert.ok(firewall);
    const { enforcer, protectedSources } = firewall;
    const lists = await Promise.all(protectedSources.map(({ read: readSource }) => readSource(signal)));
    assert.deepEqual(lists, [
      ['198.51.100.11', '198.51.100.12', '2001:db8:f::13'],
      ['198.51.100.0/24', '2001:db8:f::1', '198.51.100.11', '198.51.100.12'],
    ]);
    assert.match(protectedSources[1]?.unknown?.().join() ?? '', /^the network of node pve3 \(.*\)$/);
    proxmox.revokedTokens.add('f2nb@pve!server');
    await enforcer.close();
    for (const source of protectedSources) await assert.rejects(source.read(signal), { code: 'denied' });
    proxmox.revokedTokens.clear();
    await enforcer.close();
  });
});
