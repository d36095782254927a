import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { parseDnsName } from '../../../shared/dns/dns-name.ts';
import {
  type KeptMeaning,
  KnownNames,
  keptThoughNoneMs,
  keptWithoutAnswerMs,
  namesMax,
} from '../../../shared/dns/known-names.ts';
import { nameResolver } from '../../../shared/dns/resolve-name.ts';
import { network } from '../../contracts/reconciler-bench.ts';
import { DnsServer } from '../../emulators/dns/dns-server.ts';
import { type Ending, lastFirst } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { dnsName } from './dns-names.ts';

const forever = new AbortController().signal;
const home = dnsName('home.example.org');
const minute = 60_000;

class Bench {
  readonly clock = new ManualClock();
  readonly changes: string[] = [];
  readonly names: KnownNames;
  readonly server: DnsServer;

  private constructor(server: DnsServer, kept: readonly KeptMeaning[]) {
    this.server = server;
    this.names = new KnownNames({
      resolve: nameResolver({ servers: [server.address], hostsFile: '/dev/null' }),
      clock: this.clock,
      log: pino({ level: 'silent' }),
      onChange: (name, networks) => void this.changes.push(`${name} ${networks.join(' ')}`),
      kept,
    });
    this.names.follow([home]);
  }

  static async start(test: Ending, kept: readonly KeptMeaning[] = []): Promise<Bench> {
    return new Bench(await DnsServer.start(lastFirst(test)), kept);
  }

  /** What it means after so long. */
  async after(ms: number): Promise<string> {
    this.clock.advance(ms);
    await this.names.look(forever);
    return this.names.meaningOf(home)?.networks.join(' ') ?? 'unknown';
  }

  says(...addresses: readonly string[]): void {
    this.server.zone.set(
      home,
      addresses.map((value) => ({ type: 'A', value, ttl: 300 })),
    );
  }
}

describe('known names', () => {
  it('mean what DNS says, looked up again when the TTL has run out and not before', async (test) => {
    const bench = await Bench.start(test);
    bench.says('203.0.113.7');
    assert.equal(await bench.after(0), '203.0.113.7');
    bench.says('203.0.113.8', '203.0.113.7');
    assert.equal(await bench.after(299_000), '203.0.113.7');
    assert.equal(await bench.after(1_000), '203.0.113.7 203.0.113.8');
    assert.deepEqual(bench.changes, ['home.example.org 203.0.113.7', 'home.example.org 203.0.113.7 203.0.113.8']);
    const { since, nextLookAt, trouble } = bench.names.meaningOf(home) ?? {};
    assert.deepEqual([since, nextLookAt, trouble], [bench.clock.now(), bench.clock.now() + 300_000, undefined]);
  });

  for (const [ttl, rest] of [
    [0, 60_000],
    [1, 60_000],
    [600, 600_000],
    [86_400, 3_600_000],
    [0x7fff_ffff, 3_600_000],
  ] as const)
    it(`are looked up again after ${rest / 1_000} s with a TTL of ${ttl}`, async (test) => {
      const bench = await Bench.start(test);
      bench.server.zone.set(home, [{ type: 'A', value: '203.0.113.7', ttl }]);
      await bench.after(0);
      assert.equal(bench.names.meaningOf(home)?.nextLookAt, bench.clock.now() + rest);
    });

  it('mean for seven days what they meant while nobody answers', async (test) => {
    const bench = await Bench.start(test);
    bench.says('203.0.113.7');
    await bench.after(0);
    bench.server.zone.set(home, 'SERVFAIL');
    assert.equal(await bench.after(300_000), '203.0.113.7');
    assert.match(bench.names.meaningOf(home)?.trouble ?? '', /no answer about IPv4: ESERVFAIL/);
    assert.equal(await bench.after(keptWithoutAnswerMs - minute), '203.0.113.7');
    assert.equal(await bench.after(minute), '');
    bench.says('203.0.113.9');
    assert.equal(await bench.after(minute), '203.0.113.9');
    assert.equal(bench.names.meaningOf(home)?.trouble, undefined);
  });

  it('mean for an hour what they meant when DNS says that there is no such name', async (test) => {
    const bench = await Bench.start(test);
    bench.says('203.0.113.7');
    await bench.after(0);
    bench.server.zone.set(home, 'NXDOMAIN');
    assert.equal(await bench.after(300_000), '203.0.113.7');
    assert.equal(await bench.after(keptThoughNoneMs - minute), '203.0.113.7');
    assert.equal(await bench.after(minute), '');
  });

  it('keep one family when only the other has no answer, and lose one that is gone', async (test) => {
    const bench = await Bench.start(test);
    bench.server.zone.set(home, [
      { type: 'A', value: '203.0.113.7' },
      { type: 'AAAA', value: '2001:db8:0:0:0:0:0:7' },
    ]);
    assert.equal(await bench.after(0), '203.0.113.7 2001:db8::7');
    bench.server.zone.set(home, [
      { type: 'A', value: '203.0.113.8' },
      { type: 'AAAA', value: '0:0:0:0:0:0:0:0' },
    ]);
    assert.equal(await bench.after(300_000), '203.0.113.8 2001:db8::7');
    bench.says('203.0.113.8');
    assert.equal(await bench.after(300_000), '203.0.113.8');
  });

  it('mean after a restart what they meant before it, also without any answer', async (test) => {
    const kept = [
      { name: home, networks: [network('203.0.113.7'), network('2001:db8::7')] },
      { name: dnsName('gone.example.org'), networks: [network('203.0.113.99')] },
    ];
    const bench = await Bench.start(test, kept);
    bench.server.zone.set(home, 'SERVFAIL');
    assert.equal(bench.names.meaningOf(home)?.networks.length, 2);
    assert.equal(await bench.after(0), '203.0.113.7 2001:db8::7');
    assert.equal(await bench.after(keptWithoutAnswerMs), '');
    assert.deepEqual(
      bench.names.list().map(({ name }) => name),
      [home],
    );
  });

  it('say of one that never had an address that it means nothing', async (test) => {
    const bench = await Bench.start(test);
    assert.equal(await bench.after(0), '');
    const { since, trouble } = bench.names.meaningOf(home) ?? {};
    assert.deepEqual([since, trouble], [undefined, 'DNS says that it has no address']);
  });

  it('are no more than there may be', async (test) => {
    const bench = await Bench.start(test);
    const many = Array.from({ length: namesMax + 5 }, (_, at) => parseDnsName(`a${at}.example.org`));
    bench.names.follow(many.filter((name) => name !== undefined));
    assert.equal(bench.names.list().length, namesMax);
  });

  it('are looked up by themselves until it is ended', async (test) => {
    const bench = await Bench.start(test);
    bench.says('203.0.113.7');
    const ending = new AbortController();
    const running = bench.names.run(ending.signal);
    while (bench.clock.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(bench.clock.nextInMs, 300_000);
    ending.abort();
    await running;
    assert.equal(bench.names.meaningOf(home)?.networks.length, 1);
  });
});
