import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { Core } from '../../../server/core.ts';
import { judgeNames } from '../../../server/doctor/judge/judge-names.ts';
import { OwnMarks } from '../../../server/enforcers/ownership/ledger-mark.ts';
import { DecisionFile } from '../../../server/rescue/decision-file.ts';
import type { DnsName } from '../../../shared/dns/dns-name.ts';
import { nameResolver, type ResolveName } from '../../../shared/dns/resolve-name.ts';
import { DnsServer } from '../../emulators/dns/dns-server.ts';
import { type Ending, lastFirst } from '../../ending.ts';
import { dnsName } from '../../shared/dns/dns-names.ts';
import { spell } from '../../shared/network/spellings.ts';
import { until } from '../../until.ts';
import { blocks } from '../admin/sent-events.ts';
import { RunningServer } from '../running-server.ts';
import { network } from '../samples.ts';

const home = dnsName('home.example.org');

async function start(
  test: Ending,
  given: { readonly configured?: readonly DnsName[]; readonly says?: 'SERVFAIL' } = {},
) {
  const ending = lastFirst(test);
  const dns = await DnsServer.start(ending);
  dns.zone.set(home, given.says ?? [{ type: 'A', value: '203.0.113.7' }]);
  const server = await RunningServer.start(undefined, {
    settings: { whitelistNames: given.configured ?? [] },
    parts: { resolve: nameResolver({ servers: [dns.address], hostsFile: '/dev/null' }) },
  });
  ending.after(() => server.stop());
  return { dns, server };
}

/** What a server that starts now is made of, before it has asked DNS. */
async function restart(dns: DnsServer, server: RunningServer): Promise<Core> {
  return new Core(
    server.settings,
    {
      ...{ ledger: server.ledger, firewalls: [], channels: [], protectedSources: [], clock: server.clock },
      ...{ random: () => 0.5, soon: setImmediate, log: pino({ level: 'silent' }), marks: new OwnMarks(['mem1']) },
      decisions: new DecisionFile([]),
      resolve: nameResolver({ servers: [dns.address], hostsFile: '/dev/null' }),
    },
    await server.ledger.load(),
  );
}

const codeOf = async (server: RunningServer, text: string): Promise<unknown> =>
  (await server.ask('ban', { network: text }))['code'];

const names = async (server: RunningServer): Promise<string> =>
  JSON.stringify((await server.ask('allow-list'))['names']);

describe('a DNS name on the whitelist', () => {
  it('protects what it means, in every spelling, and what it means next', async (test) => {
    const { dns, server } = await start(test);
    const answer = await server.ask('allow-add', { network: 'Home.example.org', for: '7d', note: 'me' });
    assert.deepEqual(answer['means'], { networks: ['203.0.113.7'], answered: true });
    for (const [form, each] of spell(network('203.0.113.7')))
      assert.equal(await codeOf(server, each), 'whitelisted', form);
    assert.match(
      JSON.stringify(await server.ask('lookup', { network: '203.0.113.7' })),
      /as home\.example\.org, by what DNS/,
    );
    dns.zone.set(home, [{ type: 'AAAA', value: '2001:db8:0:0:0:0:0:7' }]);
    await until(() => server.clock.nextInMs !== undefined, 'the next look is planned');
    server.clock.advance(300_000);
    await until(async () => (await names(server)).includes('2001:db8::7'), 'it means another address');
    assert.equal(await codeOf(server, '2001:db8::7'), 'whitelisted');
    assert.equal(await codeOf(server, '203.0.113.7'), undefined);
  });

  it('holds a ban back that stood before, and lets it go when it means another address or is removed', async (test) => {
    const { server } = await start(test);
    await server.ask('ban', { network: '203.0.113.0/24' });
    await blocks(server, '203.0.113.0/24');
    await server.ask('allow-add', { network: home });
    await blocks(server);
    assert.equal((await server.ledger.load()).reports.length, 1);
    const { outcome, removed } = await server.ask('allow-remove', { network: home });
    assert.deepEqual([outcome, removed], ['done', true]);
    await blocks(server, '203.0.113.0/24');
  });

  it('is asked about no longer when the server stops', async () => {
    let [asked, calledOff] = [0, 0];
    const resolve: ResolveName = (_, signal) =>
      new Promise((answer) => {
        asked += 1;
        const end = (): void => {
          calledOff += 1;
          answer({ 4: { kind: 'none' }, 6: { kind: 'none' } });
        };
        signal.addEventListener('abort', end, { once: true });
      });
    const server = await RunningServer.start(undefined, { parts: { resolve } });
    const answer = server.ask('allow-add', { network: home }).catch(() => 'cut off');
    await until(() => asked === 2, 'the command and the server ask');
    await server.stop();
    await answer;
    assert.equal(calledOff, 2);
  });

  it('is renewed though as many as can be are there', async (test) => {
    const others = Array.from({ length: 199 }, (_, at) => dnsName(`other${at}.example.org`));
    const { server } = await start(test, { configured: others });
    const codeOfAdding = async (name: string) => (await server.ask('allow-add', { network: name }))['code'];
    assert.equal(await codeOfAdding(home), undefined);
    assert.equal(await codeOfAdding('one-more.example.org'), 'quota-exceeded');
    assert.equal(await codeOfAdding(home), undefined);
  });

  it('ends with its time', async (test) => {
    const { server } = await start(test);
    await server.ask('allow-add', { network: home, for: '1m' });
    server.clock.advance(61_000);
    await until(async () => (await names(server)) === '[]', 'it is gone');
    assert.equal(await codeOf(server, '203.0.113.7'), undefined);
  });

  it('of the configuration stays when it is removed by a command, which says so', async (test) => {
    const { server } = await start(test, { configured: [home] });
    await until(async () => (await names(server)).includes('203.0.113.7'), 'it is looked up');
    const { outcome, still } = await server.ask('allow-remove', { network: home });
    assert.deepEqual([outcome, still], ['failed', { network: home, where: 'by [policy] whitelist of server.ini' }]);
  });

  it('that never had an address says that it protects nothing yet', async (test) => {
    const { server } = await start(test);
    const answer = await server.ask('allow-add', { network: 'nowhere.example.org' });
    assert.deepEqual(answer['means'], { networks: [], answered: true, trouble: 'DNS says that it has no address' });
    await server.ask('ban', { network: '203.0.113.1' });
    await blocks(server, '203.0.113.1');
  });

  for (const [when, given] of [
    ['at run time', {}],
    ['in the configuration', { configured: [home] }],
  ] as const)
    it(`${when} of which DNS never said anything makes new bans wait, and leaves those in force alone`, async (test) => {
      const { dns, server } = await start(test, { ...given, says: 'SERVFAIL' });
      const bans = ['198.51.100.9', '203.0.113.0/24'];
      const isConfigured = 'configured' in given;
      if (!isConfigured) {
        await server.ask('ban', { network: '203.0.113.1' });
        await blocks(server, '203.0.113.1');
        const { means } = await server.ask('allow-add', { network: home });
        assert.deepEqual(means, { networks: [], answered: false, trouble: 'no answer about IPv4: ESERVFAIL' });
      }
      for (const each of bans) assert.equal((await server.ask('ban', { network: each }))['outcome'], 'recorded');
      const why = 'what must not be banned was never read: name/home.example.org';
      assert.equal((await server.ask('reconcile'))['unread'], why);
      assert.match(JSON.stringify(await server.ask('status')), /whitelisted as home.*"unread".*ESERVFAIL/);
      assert.deepEqual(server.blocked, isConfigured ? [] : ['203.0.113.1']);
      dns.zone.set(home, 'NXDOMAIN');
      await until(() => server.clock.nextInMs !== undefined, 'the next look is planned');
      server.clock.advance(60_000);
      await blocks(server, ...bans);
      const kept = async () => (await server.ledger.load()).protectedSets.map(({ source }) => source);
      await until(async () => (await kept()).includes('name/home.example.org'), 'it is kept that it was answered');
      dns.zone.set(home, 'SERVFAIL');
      const core = await restart(dns, server);
      assert.equal(core.protection.unread, undefined);
    });

  it('of which DNS never said anything holds nothing up when it is taken off', async (test) => {
    const { server } = await start(test, { says: 'SERVFAIL' });
    await server.ask('allow-add', { network: home });
    await server.ask('ban', { network: '203.0.113.1' });
    await server.ask('allow-remove', { network: home });
    await blocks(server, '203.0.113.1');
  });

  it('is written down with what it means now as soon as a full disk takes it', async (test) => {
    const { dns, server } = await start(test, { configured: [home] });
    const kept = async (): Promise<string> => JSON.stringify((await server.ledger.load()).protectedSets);
    await until(async () => (await kept()).includes('203.0.113.7'), 'it is kept');
    server.ledger.isFull = true;
    dns.zone.set(home, [{ type: 'A', value: '203.0.113.8' }]);
    await until(() => server.clock.nextInMs !== undefined, 'the next look is planned');
    server.clock.advance(300_000);
    await until(async () => (await names(server)).includes('203.0.113.8'), 'it means another address');
    server.ledger.isFull = false;
    await until(async () => {
      server.clock.advance(1_000);
      return (await kept()).includes('203.0.113.8');
    }, 'that is kept, too');
  });

  it('protects after a restart without DNS what it meant before', async (test) => {
    const { dns, server } = await start(test);
    await server.ask('allow-add', { network: home });
    await until(async () => (await server.ledger.load()).protectedSets.length > 0, 'it is kept');
    dns.zone.set(home, 'SERVFAIL');
    const core = await restart(dns, server);
    assert.equal(core.policy.refuseAddress(network('203.0.113.7'))?.code, 'whitelisted');
    await core.whitelistNames.look(new AbortController().signal);
    assert.equal(core.policy.refuseAddress(network('203.0.113.7'))?.code, 'whitelisted');
  });
});

describe('what doctor says of names', () => {
  const trouble = 'no answer about IPv4: ETIMEOUT';
  const facts = {
    ...{ name: home, isAnswered: true, networks: [network('203.0.113.7')], since: 0, nextLookAt: 300_000 },
    trouble: undefined,
  };
  for (const [what, given, said] of [
    ['means something', facts, 'note whitelisted-name'],
    ['is not answered now', { ...facts, trouble }, 'warning whitelisted-name-unanswered'],
    ['means nothing', { ...facts, networks: [], since: undefined }, 'warning whitelisted-name-unresolved'],
  ] as const)
    it(`is right for one that ${what}`, () =>
      assert.deepEqual(
        judgeNames([given]).map(({ level, code }) => `${level} ${code}`),
        [said],
      ));

  it('is left to what holds bans back for one that was never answered', () =>
    assert.deepEqual(judgeNames([{ ...facts, isAnswered: false, networks: [], trouble }]), []));
});
