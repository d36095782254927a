import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { EmulatedProxmox } from '../emulated-proxmox.ts';
import { requestOnce } from '../raw-client.ts';
import { startTemporaryProxmox } from '../temporary-proxmox.ts';
import type { EmulatedCluster } from './emulated-cluster.ts';

const CLUSTER: EmulatedCluster = {
  name: 'lab',
  nodes: [
    { name: 'pve1', ip: '192.0.2.1', firewall: { nftables: true } },
    { name: 'pve2', ip: '192.0.2.2', online: false },
  ],
  guests: [
    { vmid: 100, type: 'qemu', node: 'pve1', name: 'web', networks: [{ firewall: true }, { firewall: false }] },
    { vmid: 101, type: 'lxc', node: 'pve1', name: 'dns', networks: [{ firewall: false }], firewall: { enable: false } },
  ],
};

/** Token, path, status, and what the data has to contain (the first element of a list). */
const CASES: readonly (readonly [string, string, number, Readonly<Record<string, unknown>>?])[] = [
  ['server', '/nodes', 200, { node: 'pve1', status: 'online' }],
  ['server', '/nodes/pve1/status', 200, { pveversion: 'pve-manager/9.2.11/14a22df3' }],
  ['server', '/nodes/pve1/firewall/options', 200, { nftables: 1 }],
  ['noprop', '/nodes/pve1/firewall/options', 403],
  ['noprop', '/nodes/pve1/time', 403],
  ['none', '/cluster/status', 403],
  ['server', '/nodes/pve2/time', 595],
  ['server', '/nodes/nosuch/time', 500],
  ['server', '/nodes/pve1/qemu/100/config', 403],
  ['doctor', '/nodes/pve1/qemu/100/config', 200, { name: 'web', net1: 'virtio=BC:24:11:00:64:01,bridge=vmbr0' }],
  ['doctor', '/nodes/pve1/lxc/101/config', 200, { hostname: 'dns' }],
  ['doctor', '/nodes/pve1/lxc/101/firewall/options', 200, { enable: 0 }],
  ['doctor', '/nodes/pve1/qemu/101/config', 500],
  ['doctor', '/nodes/pve1/qemu', 200, { vmid: 100, status: 'running' }],
];

describe('nodes and guests', () => {
  for (const [token, path, status, expected] of CASES) {
    it(`GET ${path} as ${token}: ${status}`, async (t) => {
      const emulated = await startTemporaryProxmox(t, { cluster: CLUSTER });
      const { answered, data } = await ask(emulated, token, path);
      assert.equal(answered, status);
      const first: unknown = Array.isArray(data) ? data[0] : data;
      if (expected !== undefined) assert.deepEqual({ ...asObject(first), ...expected }, first);
    });
  }

  it('put the firewall flag on a NIC', async (t) => {
    const emulated = await startTemporaryProxmox(t, { cluster: CLUSTER });
    const { data } = await ask(emulated, 'doctor', '/nodes/pve1/qemu/100/config');
    assert.match(String(asObject(data)['net0']), /,firewall=1$/);
  });

  it('leave out of the resources what the caller may not see', async (t) => {
    const emulated = await startTemporaryProxmox(t, { cluster: CLUSTER });
    assert.deepEqual((await ask(emulated, 'server', '/cluster/resources?type=vm')).data, []);
    const { data } = await ask(emulated, 'doctor', '/cluster/resources?type=vm');
    assert(Array.isArray(data));
    assert.deepEqual(
      data.map((each: unknown) => asObject(each)['id']),
      ['qemu/100', 'lxc/101'],
    );
  });

  it('tell addresses and quorum of a cluster, and of a single node only the node', async (t) => {
    const emulated = await startTemporaryProxmox(t, { cluster: CLUSTER });
    emulated.conditions.quorate = false;
    const { data } = await ask(emulated, 'server', '/cluster/status');
    assert(Array.isArray(data));
    assert.deepEqual(
      data.map((each: unknown) => [asObject(each)['type'], asObject(each)['quorate'], asObject(each)['ip']]),
      [
        ['cluster', 0, undefined],
        ['node', undefined, '192.0.2.1'],
        ['node', undefined, '192.0.2.2'],
      ],
    );
    const single = await ask(await startTemporaryProxmox(t), 'server', '/cluster/status');
    assert(Array.isArray(single.data) && single.data.length === 1);
  });

  it('tell the time of a node whose clock is wrong', async (t) => {
    const emulated = await startWithClock(t, 3_600_000);
    const { data } = await ask(emulated, 'server', '/nodes/pve1/time');
    const aheadSeconds = Number(asObject(data)['time']) - Date.now() / 1000;
    assert(Math.abs(aheadSeconds - 3600) < 10, `${aheadSeconds} s`);
  });
});

async function startWithClock(test: TestContext, clockAheadMs: number): Promise<EmulatedProxmox> {
  return await startTemporaryProxmox(test, { cluster: { nodes: [{ name: 'pve1', clockAheadMs }], guests: [] } });
}

async function ask(
  emulated: EmulatedProxmox,
  token: string,
  path: string,
): Promise<{ answered: number; data: unknown }> {
  const { status, body } = await requestOnce(emulated, {
    method: 'GET',
    path: `/api2/json${path}`,
    token: emulated.tokenOf(`f2nb@pve!${token}`),
  });
  const parsed: unknown = body === '' ? {} : JSON.parse(body);
  return { answered: status, data: asObject(parsed)['data'] };
}

function asObject(value: unknown): Record<string, unknown> {
  assert(typeof value === 'object' && value !== null);
  return { ...value };
}
