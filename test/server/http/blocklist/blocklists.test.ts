import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { withServer } from '../../running-server.ts';
import { askHttp } from '../ask-http.ts';
import { banAll, linesOf, makeReader } from './blocklist-under-test.ts';

const formats = ['txt', 'json', 'csv', 'nft', 'ipset', 'rsc'] as const;

describe('a blocklist', () => {
  it('is the standing bans in each form', () =>
    withServer(async (server) => {
      await banAll(server, [
        { network: '203.0.113.7', seconds: 93_784 },
        { network: '203.0.113.7', client: 'web2', jail: 'nginx-http', seconds: 60 },
        { network: '2001:db8:1::/64' },
      ]);
      const token = await makeReader(server);
      const endsAt = server.clock.now() + 93_784_000;
      const texts = new Map<string, string>();
      for (const format of formats) {
        const { status, text, headers } = await askHttp(server, `GET /blocklist.${format}`, { token });
        assert.equal(status, 200);
        assert.equal(headers.get('cache-control'), 'private, no-cache');
        texts.set(format, text);
      }
      assert.deepEqual(Object.fromEntries(texts), {
        txt: '# fail2networkban: 2 networks\n203.0.113.7\n2001:db8:1::/64\n',
        json:
          '{"paused":false,"count":2,"entries":[\n' +
          `{"network":"203.0.113.7","endsAt":${endsAt},"reports":2,"jails":["sshd","nginx-http"]},\n` +
          '{"network":"2001:db8:1::/64","endsAt":null,"reports":1,"jails":["sshd"]}\n]}\n',
        csv:
          'network,ends_at,reports,jails\n' +
          '203.0.113.7,2026-01-02T02:03:04Z,2,sshd nginx-http\n2001:db8:1::/64,,1,sshd\n',
        nft:
          '# fail2networkban: 2 networks\n' +
          'flush set inet blocklist banned4\nadd element inet blocklist banned4 {\n203.0.113.7 timeout 1d2h3m4s,\n}\n' +
          'flush set inet blocklist banned6\nadd element inet blocklist banned6 {\n2001:db8:1::/64,\n}\n',
        ipset:
          '# fail2networkban: 2 networks\n' +
          'create banned4 hash:net family inet maxelem 1048576 timeout 0 -exist\n' +
          'create banned4.new hash:net family inet maxelem 1048576 timeout 0 -exist\n' +
          'flush banned4.new\nadd banned4.new 203.0.113.7 timeout 93784 -exist\n' +
          'swap banned4.new banned4\ndestroy banned4.new\n' +
          'create banned6 hash:net family inet6 maxelem 1048576 timeout 0 -exist\n' +
          'create banned6.new hash:net family inet6 maxelem 1048576 timeout 0 -exist\n' +
          'flush banned6.new\nadd banned6.new 2001:db8:1::/64 timeout 0 -exist\n' +
          'swap banned6.new banned6\ndestroy banned6.new\n',
        rsc:
          '# fail2networkban: 2 networks\n/ip firewall address-list\n' +
          ':foreach entry in=[find list="fail2networkban"] do={ :do { remove $entry } on-error={} }\n' +
          ':do { add list="fail2networkban" address=203.0.113.7 timeout=1d2h3m4s } on-error={}\n' +
          '/ipv6 firewall address-list\n' +
          ':foreach entry in=[find list="fail2networkban"] do={ :do { remove $entry } on-error={} }\n' +
          ':do { add list="fail2networkban" address=2001:db8:1::/64 timeout=248d13h13m56s } on-error={}\n' +
          ':log info "fail2networkban: 2 networks in the address list fail2networkban"\n',
      });
    }));

  const bans = [
    { network: '203.0.113.6', jail: 'nginx-http' },
    { network: '203.0.113.7', client: 'web2' },
    { network: '203.0.113.7', client: 'web3' },
    { network: '203.0.113.64/26' },
    { network: '203.0.113.65' },
    { network: '2001:db8::1' },
    { network: '2001:db8::' },
  ];
  const all = ['203.0.113.6', '203.0.113.7', '203.0.113.64/26', '203.0.113.65', '2001:db8::1', '2001:db8::'];
  const choices: readonly (readonly [query: string, expected: readonly string[]])[] = [
    ['', all],
    ['family=4', all.slice(0, 4)],
    ['family=6', all.slice(4)],
    ['jail=nginx-*', ['203.0.113.6']],
    ['jail=nginx', []],
    ['min_reports=2', ['203.0.113.7']],
    ['min_reports=3', []],
    ['exclude_client=web1', ['203.0.113.7']],
    ['exclude_client=web2&min_reports=2', []],
    ['exclude_client=w*', []],
    ['aggregate', ['203.0.113.6/31', '203.0.113.64/26', '2001:db8::/127']],
    ['aggregate=no', all],
    ['aggregate&family=4&jail=sshd', ['203.0.113.7', '203.0.113.64/26']],
  ];
  it('has what was asked for', () =>
    withServer(async (server) => {
      await banAll(server, bans);
      const token = await makeReader(server);
      for (const [query, expected] of choices) {
        const answer = await askHttp(server, `GET /blocklist.txt?${query}`, { token });
        assert.deepEqual(linesOf(answer), expected, query);
      }
      const { text } = await askHttp(server, 'GET /blocklist.csv?aggregate&family=4', { token });
      assert.equal(
        text,
        'network,ends_at,reports,jails\n203.0.113.6/31,,3,nginx-http sshd\n203.0.113.64/26,,1,sshd\n',
        'what became one entry has the reports of all, what is covered has none',
      );
    }));

  it('names sets, tables and lists as it is asked to, and only as they may be called', () =>
    withServer(async (server) => {
      await banAll(server, [{ network: '203.0.113.7' }]);
      const token = await makeReader(server);
      const nft = await askHttp(server, 'GET /blocklist.nft?table_family=netdev&table=edge&set=x_&family=4', { token });
      assert.deepEqual(linesOf(nft), [
        'flush set netdev edge x_4',
        'add element netdev edge x_4 {',
        '203.0.113.7,',
        '}',
      ]);
      const rsc = await askHttp(server, 'GET /blocklist.rsc?list=a.b-c&family=6', { token });
      assert.match(rsc.text, /find list="a\.b-c"\]/);
      for (const query of [
        'nft?table=x;flush%20ruleset',
        'nft?table=x%0Aflush',
        'nft?set=a%20b',
        'nft?set=',
        `nft?set=${'a'.repeat(26)}`,
        'nft?table_family=ip',
        'nft?list=x',
        'ipset?set=-x',
        'ipset?table=x',
        'ipset?set=a.new',
        'rsc?list=%22%5D%3B/system%20reset',
        'rsc?list=$x',
        'txt?set=x',
        'txt?family=5',
        'txt?family=4&family=6',
        'txt?jail=%22',
        'txt?min_reports=0',
        'txt?min_reports=1e3',
        'txt?aggregate=maybe',
        'txt?constructor=x',
        'txt?__proto__=x',
        'txt?limit=5',
      ]) {
        const { status, json } = await askHttp(server, `GET /blocklist.${query}`, { token });
        assert.deepEqual([query, status, json?.['code']], [query, 400, 'bad-argument']);
      }
    }));

  it('takes no argument with anything in it that a shell, nft, ipset or a router reads specially', () =>
    withServer(async (server) => {
      const token = await makeReader(server);
      const names = fc.constantFrom('jail', 'exclude_client', 'family', 'min_reports', 'table', 'set', 'list', 'x');
      const property = fc.asyncProperty(
        fc.constantFrom(...formats),
        names,
        fc.string({ unit: 'grapheme', maxLength: 40 }),
        async (format, name, value) => {
          const request = `GET /blocklist.${format}?${name}=${encodeURIComponent(value)}`;
          const { status } = await askHttp(server, request, { token });
          assert.equal(status === 200 ? /^[A-Za-z0-9*._@+/%~-]*$/.test(value) : status === 400, true, request);
        },
      );
      await fc.assert(property, { numRuns: 150 });
    }));

  it('is for who may subscribe or operate; its token may stand in the url, and says which jails are shown', () =>
    withServer(async (server) => {
      await banAll(server, [
        { network: '203.0.113.6', jail: 'nginx-http' },
        { network: '203.0.113.7', client: 'web2' },
      ]);
      const readers = [
        { name: 'all', expected: ['203.0.113.6', '203.0.113.7'] },
        { name: 'nginx', follows: 'nginx-*', expected: ['203.0.113.6'] },
        { name: 'none', follows: 'other', expected: [] },
        { name: 'boss', may: 'operate', follows: 'other', expected: ['203.0.113.6', '203.0.113.7'] },
      ];
      for (const { expected, ...rights } of readers) {
        const token = await makeReader(server, rights);
        const basic = `Basic ${Buffer.from(`x:${token}`).toString('base64')}`;
        const ways = [
          await askHttp(server, 'GET /blocklist.txt', { token }),
          await askHttp(server, `GET /blocklist.txt?token=${token}`),
          await askHttp(server, 'GET /blocklist.txt', { headers: { authorization: basic } }),
        ];
        for (const way of ways) assert.deepEqual([way.status, linesOf(way)], [200, expected], rights.name);
      }
      const banner = await makeReader(server, { name: 'banner', may: 'ban,unban' });
      assert.equal((await askHttp(server, 'GET /blocklist.txt', { token: banner })).status, 403);
      assert.equal((await askHttp(server, 'GET /blocklist.txt')).status, 401);
      assert.equal((await askHttp(server, 'GET /blocklist.txt?token=x')).status, 401);
      assert.equal((await askHttp(server, 'GET /blocklist.xml')).status, 404);
    }));
});
