import assert from 'node:assert/strict';
import { publicHostSource } from '../../../server/protection/public-host.ts';
import { nameResolver } from '../../../shared/dns/resolve-name.ts';
import { DnsServer, type Said } from '../../emulators/dns/dns-server.ts';
import { type Ending, testWithEnding } from '../../ending.ts';
import { dnsName } from '../../shared/dns/dns-names.ts';

const host = 'pve1.example.org';
const four = { type: 'A', value: '203.0.113.7' } as const;
const six = { type: 'AAAA', value: '2001:db8:0:0:0:0:0:7' } as const;

for (const [what, said, networks] of [
  ['of both families', [four, six], ['203.0.113.7', '2001:db8::7']],
  ['of one family', [six], ['2001:db8::7']],
] as const)
  testWithEnding(`public_host is all addresses ${what} that its name has`, async (context) => {
    assert.deepEqual(await read(context, said), networks);
  });

for (const [what, said] of [
  ['no such name', 'NXDOMAIN'],
  ['no address', []],
] as const)
  testWithEnding(`what public_host was stays when DNS says ${what}`, async (context) => {
    assert.equal(await read(context, said), undefined);
  });

testWithEnding('public_host cannot be read while DNS does not know', async (context) => {
  await assert.rejects(read(context, 'SERVFAIL'), { message: /^pve1\.example\.org: IPv4 addresses \(no answer: / });
});

async function read(context: Ending, said: Said): Promise<unknown> {
  const dns = await DnsServer.start(context);
  dns.zone.set(dnsName(host), said);
  const resolve = nameResolver({ servers: [dns.address], hostsFile: '/dev/null' });
  return await publicHostSource(host, resolve).read(new AbortController().signal);
}
