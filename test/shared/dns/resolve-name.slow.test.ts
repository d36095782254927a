import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseDnsName } from '../../../shared/dns/dns-name.ts';
import { addressesOfNameMax, nameResolver } from '../../../shared/dns/resolve-name.ts';
import { DnsServer } from '../../emulators/dns/dns-server.ts';
import { type Ending, lastFirst, makeFolder } from '../../ending.ts';
import { dnsName } from './dns-names.ts';

const forever = new AbortController().signal;

const home = dnsName('home.example.org');
const none = { kind: 'none' };

async function start(test: Ending, hosts = '127.0.0.1 localhost\n') {
  const ending = lastFirst(test);
  const [server, folder] = [await DnsServer.start(ending), await makeFolder(ending)];
  const hostsFile = join(folder, 'hosts');
  await writeFile(hostsFile, hosts);
  const resolve = nameResolver({ servers: [server.address], hostsFile });
  return { server, ask: () => resolve(home, forever) };
}

describe('parseDnsName', () => {
  for (const [text, name] of [
    ['home.example.org', 'home.example.org'],
    ['Home.Example.ORG.', 'home.example.org'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
    ['_a.b-c.example', '_a.b-c.example'],
    ['home', undefined],
    ['', undefined],
    ['.', undefined],
    ['a..b', undefined],
    ['-a.example', undefined],
    ['192.0.2.300', undefined],
    ['1.2.3', undefined],
    ['192.0.2.0/24', undefined],
    ['::1', undefined],
    ['a b.example', undefined],
    [`${'a'.repeat(64)}.example`, undefined],
    [`${'a.'.repeat(126)}example`, undefined],
  ] as const)
    it(`reads ${text || 'nothing'} as ${name ?? 'none'}`, () => assert.equal(parseDnsName(text), name));
});

describe('nameResolver', () => {
  it('gives the addresses of both families with the shortest TTL, in a fixed order', async (test) => {
    const { server, ask } = await start(test);
    server.zone.set(home, [
      { type: 'A', value: '203.0.113.9', ttl: 600 },
      { type: 'A', value: '203.0.113.7', ttl: 90 },
      { type: 'AAAA', value: '2001:db8:0:0:0:0:0:7', ttl: 120 },
    ]);
    assert.deepEqual(await ask(), {
      4: { kind: 'addresses', networks: ['203.0.113.7', '203.0.113.9'], ttlSeconds: 90 },
      6: { kind: 'addresses', networks: ['2001:db8::7'], ttlSeconds: 120 },
    });
  });

  it('follows CNAMEs, whose TTL counts too', async (test) => {
    const { server, ask } = await start(test);
    server.zone.set(home, [{ type: 'CNAME', value: 'dyn.example.net', ttl: 30 }]);
    server.zone.set('dyn.example.net', [{ type: 'A', value: '203.0.113.7', ttl: 600 }]);
    assert.deepEqual(await ask(), {
      4: { kind: 'addresses', networks: ['203.0.113.7'], ttlSeconds: 30 },
      6: none,
    });
  });

  it('tells no such name and no such records from no answer', async (test) => {
    const { server, ask } = await start(test);
    assert.deepEqual(await ask(), { 4: none, 6: none });
    server.zone.set(home, []);
    assert.deepEqual(await ask(), { 4: none, 6: none });
    server.zone.set(home, 'SERVFAIL');
    const failed = await ask();
    assert.deepEqual([failed[4], failed[6].kind], [{ kind: 'unanswered', reason: 'ESERVFAIL' }, 'unanswered']);
  });

  it('believes no sinkhole and no crowd', async (test) => {
    const { server, ask } = await start(test);
    server.zone.set(home, [
      { type: 'A', value: '0.0.0.0' },
      { type: 'AAAA', value: '0:0:0:0:0:0:0:0' },
    ]);
    const sunk = await ask();
    assert.deepEqual([sunk[4].kind, sunk[6].kind], ['unanswered', 'unanswered']);
    // Few enough for one datagram.
    const crowd = Array.from({ length: addressesOfNameMax + 1 }, (_, at) => ({
      type: 'A' as const,
      value: `203.0.113.${at}`,
    }));
    server.zone.set(home, crowd);
    const crowded = (await ask())[4];
    assert.ok(crowded.kind === 'unanswered');
    assert.match(crowded.reason, /more than 32/);
    server.zone.set(home, crowd.slice(1));
    assert.equal((await ask())[4].kind, 'addresses');
  });

  it('takes what the hosts file says, and asks nobody then', async (test) => {
    const { server, ask } = await start(test, '# ours\n192.0.2.1 backup Home.Example.org # here\n');
    assert.deepEqual(await ask(), { 4: { kind: 'addresses', networks: ['192.0.2.1'], ttlSeconds: 60 }, 6: none });
    assert.deepEqual(server.questions, []);
  });

  it('is called off by its signal', async (test) => {
    const ending = lastFirst(test);
    const server = await DnsServer.start(ending);
    server.zone.set(home, 'silence');
    const stopping = new AbortController();
    const asked = nameResolver({ servers: [server.address] })(home, stopping.signal);
    stopping.abort();
    assert.equal((await asked)[4].kind, 'unanswered');
  });
});
