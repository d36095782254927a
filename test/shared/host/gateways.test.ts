import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CommandError, commandRunner } from '../../../shared/host/command-runner.ts';
import { parseIpv4Gateways, parseIpv6Gateways, parseRouteJson, readGateways } from '../../../shared/host/gateways.ts';

const route = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
vmbr0	00000000	0102A8C0	0003	0	0	0	00000000	0	0	0
wlan0	00000000	FE01010A	0003	0	0	600	00000000	0	0	0
tun0	00000000	00000000	0001	0	0	900	00000000	0	0	0
tun0	00000000	0900080A	0003	0	0	0	00000080	0	0	0
vmbr0	0002A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0
vmbr0	0010A8C0	FE02A8C0	0003	0	0	0	00FFFFFF	0	0	0
`;

const ipv6Route = `20010db8000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001    vmbr0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 20010db8000000000000000000000001 00000400 00000005 00000000 00000003    vmbr0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe8000000000000002005efffe000101 00000400 00000001 00000000 00450003    vmbr0
20000000000000000000000000000000 03 00000000000000000000000000000000 00 20010db8000000000000000000000002 00000400 00000001 00000000 00000003    vmbr0
00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200       lo
`;

describe('default gateways', () => {
  it('are those of routes to everywhere through another machine', () => {
    assert.deepEqual(parseIpv4Gateways(route), ['192.168.2.1', '10.1.1.254']);
    assert.deepEqual(parseIpv6Gateways(ipv6Route), ['2001:db8::1', 'fe80::200:5eff:fe00:101']);
  });

  it('are none in a text of something else', () => {
    fc.assert(
      fc.property(fc.string(), (text) =>
        assert.deepEqual([...parseIpv4Gateways(text), ...parseIpv6Gateways(text)], []),
      ),
    );
  });

  it('are read of every form that iproute2 prints', () => {
    const routes = [
      { dst: 'default', gateway: '192.0.2.1', dev: 'eth0', table: '100' },
      { dst: 'default', via: { family: 'inet6', host: '2001:db8::1' }, dev: 'eth0' },
      { dst: 'default', nexthops: [{ gateway: '192.0.2.2', dev: 'eth1' }, { via: { host: '2001:db8::2' } }] },
      { dst: 'default', dev: 'tun0', scope: 'link' },
    ];
    const expected = ['192.0.2.1', '2001:db8::1', '192.0.2.2', '2001:db8::2'];
    assert.deepEqual(parseRouteJson(JSON.stringify(routes)), expected);
    for (const text of ['', '\n', '[]', '[null, 7]', '{}']) assert.deepEqual(parseRouteJson(text), []);
  });

  it('are read from the kernel where iproute2 is missing, fails, or is too old for JSON', async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'f2nb-routes-'));
    t.after(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'route'), route);
    await writeFile(join(folder, 'ipv6_route'), ipv6Route);
    const ofKernel = [...parseIpv4Gateways(route), ...parseIpv6Gateways(ipv6Route)];
    const failing = () => Promise.reject(new CommandError('failed', 'ip: no'));
    const old = () => Promise.resolve('default via 192.0.2.9 dev eth0');
    for (const run of [commandRunner('/nowhere'), failing, old])
      assert.deepEqual(await readGateways(folder, run), ofKernel);
  });
});
