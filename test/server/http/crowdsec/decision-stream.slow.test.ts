import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { applyingMaxMs, reminderMs } from '../../../../server/bans/outdated-ends.ts';
import { maySee } from '../../../../server/http/api/may-see.ts';
import { horizonAt } from '../../../../server/http/crowdsec/decision.ts';
import { historyPerReadMax } from '../../../../server/http/crowdsec/decision-stream.ts';
import { decisionsPerTurn } from '../../../../server/http/crowdsec/decision-text.ts';
import { policyChangesMax } from '../../../../server/policy/policy-changes.ts';
import { addresses } from '../../../bench/networks.ts';
import { until } from '../../../until.ts';
import { makeClient, makeEvent, network } from '../../samples.ts';
import { Bouncer, type Fate, type Manner, StreamUnderTest } from './stream-under-test.ts';

const hour = 3_600;
const dayMs = 86_400_000;
const a = '203.0.113.7';
const b = '2001:db8::/48';
const c = '198.51.100.7';

async function withBouncer(work: (stream: StreamUnderTest, bouncer: Bouncer) => Promise<void>): Promise<void> {
  const stream = await StreamUnderTest.start();
  await work(stream, new Bouncer(stream, await stream.enroll({ name: 'edge' })));
}

describe('a bouncer', () => {
  it('is told all at its start, then only what changed, and nothing when nothing did', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: hour });
      assert.deepEqual(await bouncer.poll(), [`+${a} 1h0m0s`]);
      assert.deepEqual(await bouncer.poll(), []);
      await stream.event('web1', b, { ttlSeconds: 65 });
      assert.deepEqual(await bouncer.poll(), [`+${b} 1m5s`]);
      await stream.event('web1', a, { verb: 'unban' });
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
      await stream.pass(65_000);
      assert.deepEqual(await bouncer.poll(), [`-${b}`]);
      assert.deepEqual(bouncer.blocked, []);
    }));

  it('hears of one decision for a network: of the longest report, as long as there is one', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: hour });
      await bouncer.poll();
      await stream.event('web2', a, { ttlSeconds: hour / 2 });
      assert.deepEqual(await bouncer.poll(), []);
      await stream.event('web3', a, { ttlSeconds: 2 * hour });
      assert.deepEqual(await bouncer.poll(), [`+${a} 2h0m0s`]);
      await stream.event('web1', a, { verb: 'unban' });
      assert.deepEqual(await bouncer.poll(), []);
      await stream.event('web3', a, { verb: 'unban' });
      assert.deepEqual(await bouncer.poll(), [`+${a} 30m0s`]);
    }));

  it('hears nothing of what came and went meanwhile', () =>
    withBouncer(async (stream, bouncer) => {
      await bouncer.poll();
      await stream.event('web1', a);
      await stream.event('web1', a, { verb: 'unban' });
      assert.deepEqual(await bouncer.poll(), []);
    }));

  it('blocks for at least a second, because no time at all is for ever to an ipset', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: 1 });
      stream.clock.advance(999);
      assert.deepEqual(await bouncer.poll(), [`+${a} 1s`]);
    }));

  it('is told of a permanent ban for at most 14 days, and again before they have passed', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: null });
      await stream.event('web1', b, { ttlSeconds: hour });
      await bouncer.poll();
      const first = bouncer.endOf(a) ?? 0;
      assert.ok(first > stream.clock.now() + 7 * dayMs && first <= stream.clock.now() + 14 * dayMs, `${first}`);
      for (let day = 0; day < 60; day += 1) {
        await stream.pass(dayMs);
        await bouncer.poll();
        assert.deepEqual(bouncer.blocked, [a]);
      }
    }));

  it('is told again of a permanent ban also by a server that was started since', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: null });
      await bouncer.poll();
      for (let week = 0; week < 4; week += 1) {
        await stream.pass(7 * dayMs);
        await stream.restart();
        await bouncer.poll();
        assert.ok((bouncer.endOf(a) ?? 0) > stream.clock.now() + 7 * dayMs);
      }
    }));

  it('is told everything after a panic of which it may have heard', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: hour });
      for (let count = 0; count < 2; count += 1) await bouncer.poll();
      await stream.pause('paused');
      await bouncer.poll();
      await stream.pause('resumed');
      await bouncer.poll();
      assert.deepEqual(bouncer.blocked, [a]);
    }));

  it('is told anew what was lost on its way, or cut off', () =>
    withBouncer(async (stream, bouncer) => {
      for (const fate of ['lost', 'cut'] as const) {
        await bouncer.poll();
        await stream.event('web1', a);
        await bouncer.poll(fate);
        await bouncer.poll();
        assert.deepEqual(bouncer.blocked, [a]);
        await stream.event('web1', a, { verb: 'unban' });
        await bouncer.poll(fate);
        await bouncer.poll();
        assert.deepEqual(bouncer.blocked, []);
      }
    }));

  it('is told of a ban that was prolonged again when the end has passed that it knew first', () =>
    withBouncer(async (stream) => {
      const keeping = new Bouncer(stream, await stream.enroll({ name: 'keeping' }), {
        manner: 'deletes first, keeps ends',
      });
      await stream.event('web1', a, { ttlSeconds: 600 });
      await keeping.poll();
      await stream.event('web1', a, { ttlSeconds: hour });
      await stream.event('web2', a, { ttlSeconds: 2 * hour });
      assert.deepEqual(await keeping.poll(), [`+${a} 2h0m0s`]);
      for (let minute = 0; minute < 119; minute += 1) {
        await stream.pass(60_000);
        await keeping.poll();
        assert.deepEqual(keeping.blocked, [a], `after ${minute + 1} min`);
      }
      await stream.pass(60_000);
      await keeping.poll();
      assert.deepEqual(keeping.blocked, []);
      assert.deepEqual(await keeping.poll(), []);
    }));

  it('whose firewall began to count later is told once more when the end has passed there too', () =>
    withBouncer(async (stream) => {
      const client = await stream.enroll({ name: 'keeping' });
      const keeping = new Bouncer(stream, client, { manner: 'deletes first, keeps ends', lagMs: applyingMaxMs });
      await stream.event('web1', a, { ttlSeconds: 60 });
      await keeping.poll();
      await stream.event('web1', a, { ttlSeconds: hour });
      await keeping.poll();
      for (let second = 0; second < 120; second += 1) {
        await stream.pass(1_000);
        await keeping.poll();
        assert.deepEqual(keeping.blocked, [a], `after ${second + 1} s`);
      }
    }));

  it('that starts is told everything, and with the next question what came since, however long it was away', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a);
      await bouncer.poll();
      const events = addresses(2 * historyPerReadMax).map((each) => makeEvent(0, each, { ttlSeconds: 1 }));
      await stream.core.intake.takeEach(makeClient(), events);
      await stream.pass(2_000);
      await stream.event('web1', a, { verb: 'unban' });
      await stream.restart();
      bouncer.restart();
      await stream.event('web1', b);
      const told = await bouncer.poll();
      assert.deepEqual(bouncer.blocked, [b]);
      assert.ok(told.includes(`-${a}`));
      await stream.event('web1', c, { ttlSeconds: hour });
      assert.deepEqual(await bouncer.poll(), [`+${c} 1h0m0s`]);
    }));

  it('that was there before is told after a restart of the server what ended meanwhile', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: hour });
      await stream.event('web1', b);
      await bouncer.poll();
      await stream.restart();
      await stream.pass(hour * 1_000);
      await stream.event('web1', b, { verb: 'unban' });
      const told = await bouncer.poll();
      assert.deepEqual(told.sort(), [`-${a}`, `-${b}`].sort());
    }));

  it('that is killed with what it blocks is told at its start what ended meanwhile', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a);
      await bouncer.poll();
      bouncer.restart();
      await stream.event('web1', a, { verb: 'unban' });
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
    }));

  it('is freed at once of what is whitelisted, and told again when it no longer is', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: hour });
      await bouncer.poll();
      stream.whitelist('203.0.113.0/24');
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
      stream.whitelist();
      assert.deepEqual(await bouncer.poll(), [`+${a} 1h0m0s`]);
      await stream.restart(['203.0.113.0/24']);
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
    }));

  it('is freed of the address of a host that comes, and told again when it has gone', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: hour });
      await bouncer.poll();
      const { protection, policyChanges } = stream.core;
      const change = (): void => policyChanges.add(protection.held.checkAround(network(a)));
      protection.hosts.index.add(network(a), 'web9');
      change();
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
      protection.hosts.index.delete(network(a), 'web9');
      change();
      assert.deepEqual(await bouncer.poll(), [`+${a} 1h0m0s`]);
    }));

  it('is freed of everything by panic, and told everything again after it', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a, { ttlSeconds: hour });
      await bouncer.poll();
      await stream.pause('paused');
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
      await stream.event('web1', b, { ttlSeconds: hour });
      assert.deepEqual(await bouncer.poll(), []);
      await stream.pause('resumed');
      await bouncer.poll();
      assert.deepEqual(bouncer.blocked, [b, a]);
    }));

  it('hears only of the jails that it follows, also when that changes, and never of what came from a CrowdSec', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.enroll({ name: 'edge', follows: ['sshd'] });
      await stream.event('web1', a, { ttlSeconds: hour });
      await stream.event('web1', b, { ttlSeconds: hour, jail: 'nginx' });
      await stream.event('crowdsec/main', '198.51.100.9', { ttlSeconds: hour });
      assert.deepEqual(await bouncer.poll(), [`+${a} 1h0m0s`]);
      await stream.event('web1', b, { verb: 'unban', jail: 'nginx' });
      await stream.event('crowdsec/main', '198.51.100.9', { verb: 'unban' });
      assert.deepEqual(await bouncer.poll(), []);
      await stream.event('web1', b, { ttlSeconds: hour, jail: 'nginx' });
      await stream.enroll({ name: 'edge', follows: ['nginx'] });
      assert.deepEqual((await bouncer.poll()).sort(), [`+${b} 1h0m0s`, `-${a}`]);
    }));

  it('whose client is enrolled anew is told nothing of what was told to the other', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a);
      await bouncer.poll();
      await stream.event('web1', a, { verb: 'unban' });
      await stream.core.record.write((draft) => draft.add({ kind: 'revoked', client: 'edge', actor: 'operator' }));
      const other = new Bouncer(stream, await stream.enroll({ name: 'edge', addedAt: 1, follows: ['nginx'] }));
      assert.deepEqual(await other.poll(), []);
    }));

  it('that is behind more than is kept in memory loses nothing', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a);
      await bouncer.poll();
      stream.core.policyChanges.add(Array.from({ length: 2 * policyChangesMax + 1 }, () => network(a)));
      assert.deepEqual(await bouncer.poll().then((told) => told.length), 1);
      await stream.event('web1', a, { verb: 'unban' });
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
    }));

  it('loses nothing of what came while history was read for it, and was taken back after that', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a);
      await bouncer.poll();
      await bouncer.poll();
      await stream.event('web1', b);
      await stream.restart();
      let goOn = (): void => undefined;
      stream.ledger.readable = new Promise((resolve) => {
        goOn = resolve;
      });
      const told = bouncer.poll();
      await until(() => stream.ledger.reads > 0, 'history is read');
      await stream.event('web1', c);
      goOn();
      assert.ok((await told).some((each) => each.startsWith(`+${c}`)));
      await stream.event('web1', c, { verb: 'unban' });
      await bouncer.poll();
      assert.deepEqual(bouncer.blocked, [b, a]);
    }));

  it('lets others have their turn while it is told very much, and of what changes meanwhile it hears next', () =>
    withBouncer(async (stream, bouncer) => {
      const networks = addresses(20 * decisionsPerTurn).map(String);
      const host = await stream.enroll({ name: 'web1', may: ['ban', 'unban'] });
      await stream.core.intake.takeEach(
        host,
        networks.map((each) => makeEvent(0, each)),
      );
      const ends: string[] = [];
      const first = bouncer.poll().finally(() => ends.push('answer'));
      await until(() => stream.turns > 0, 'the answer is begun');
      await stream.event('web1', a).finally(() => ends.push('ban'));
      await stream.event('web1', networks.at(-1) ?? '', { verb: 'unban' });
      assert.equal((await first).length, networks.length);
      assert.deepEqual(ends, ['ban', 'answer']);
      assert.deepEqual((await bouncer.poll()).sort(), [`+${a} 336h0m0s`, `-${networks.at(-1)}`]);
    }));

  it('is answered while the record cannot be written, and told more than it needs after a restart', () =>
    withBouncer(async (stream, bouncer) => {
      await stream.event('web1', a);
      stream.ledger.isFull = true;
      assert.equal((await bouncer.poll()).length, 1);
      stream.ledger.isFull = false;
      await bouncer.poll();
      await stream.event('web1', a, { verb: 'unban' });
      await stream.restart();
      assert.deepEqual(await bouncer.poll(), [`-${a}`]);
    }));

  it('is answered however often it asks at once, each time all since what it had before', () =>
    withBouncer(async (stream) => {
      const edge = stream.core.clients.get('edge');
      assert.ok(edge !== undefined);
      await stream.event('web1', a, { ttlSeconds: hour });
      const startups = await Promise.all(Array.from({ length: 8 }, () => stream.ask(edge, { startup: true })));
      for (const { told, end } of startups) {
        assert.equal(told.new?.length, 1);
        end();
      }
      assert.equal((await stream.ask(edge)).told.new, null);
    }));
});

const clients = ['web1', 'web2', 'crowdsec/main'] as const;
const texts = ['203.0.113.1', '203.0.113.0/24', '2001:db8::1'] as const;
const anyNetwork = fc.constantFrom(...texts);
const anyJail = fc.constantFrom('sshd', 'nginx');
const anyFate = fc.constantFrom<Fate>('heard', 'heard', 'lost', 'cut');

/** What may happen, in any order. */
const anyStep = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('ban' as const),
      client: fc.constantFrom(...clients),
      network: anyNetwork,
      jail: anyJail,
      ttlSeconds: fc.constantFrom(null, 5, 3_600, 20 * 86_400),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('unban' as const),
      client: fc.constantFrom(...clients),
      network: anyNetwork,
      jail: anyJail,
      verb: fc.constantFrom('unban', 'lift'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(1, 60, 7_200, 700_000) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('whitelist' as const), networks: fc.subarray([...texts]) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('pause' as const), kind: fc.constantFrom('paused', 'resumed') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), networks: fc.subarray([...texts]) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('follow' as const), jail: fc.constantFrom('*', 'sshd', 'nginx') }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('poll' as const), fate: anyFate }) },
);
type Step = typeof anyStep extends fc.Arbitrary<infer Value> ? Value : never;

describe('whatever happens, a bouncer', () => {
  for (const manner of ['adds first, takes ends', 'deletes first, keeps ends'] as const)
    it(`that ${manner}, blocks in the end what it should, as long as it should`, () =>
      fc.assert(
        fc.asyncProperty(fc.array(anyStep, { minLength: 8, maxLength: 40 }), async (steps) => {
          const play = await Play.begin(manner);
          for (const step of steps) await play.take(step);
          await play.settle();
          play.check();
        }),
        { numRuns: 300 },
      ));
});

/** Who takes each end that it is told needs no time to begin: what it holds is checked against the server's. */
const lags = { 'adds first, takes ends': 0, 'deletes first, keeps ends': 5_000 } as const;

/** A server, a bouncer, and what happens to them. */
class Play {
  readonly #stream: StreamUnderTest;
  readonly #bouncer: Bouncer;
  readonly #manner: Manner;

  private constructor(stream: StreamUnderTest, bouncer: Bouncer, manner: Manner) {
    this.#stream = stream;
    this.#bouncer = bouncer;
    this.#manner = manner;
  }

  static async begin(manner: Manner): Promise<Play> {
    const stream = await StreamUnderTest.start();
    return new Play(
      stream,
      new Bouncer(stream, await stream.enroll({ name: 'edge' }), { manner, lagMs: lags[manner] }),
      manner,
    );
  }

  async take(step: Step): Promise<void> {
    const [stream, bouncer] = [this.#stream, this.#bouncer];
    switch (step.do) {
      case 'ban':
        return stream.event(step.client, step.network, { jail: step.jail, ttlSeconds: step.ttlSeconds });
      case 'unban':
        return stream.event(step.client, step.network, { jail: step.jail, verb: step.verb });
      case 'pass':
        return stream.pass(step.seconds * 1_000);
      case 'whitelist':
        return stream.whitelist(...step.networks);
      case 'pause':
        return stream.pause(step.kind);
      case 'restart':
        return stream.restart(step.networks);
      case 'follow':
        // By which rights something was told is not known after a restart, so none is between.
        await this.settle();
        await stream.enroll({ name: 'edge', follows: [step.jail] });
        return this.settle();
      case 'kill':
        return bouncer.restart();
      case 'poll':
        await bouncer.poll(step.fate);
    }
  }

  /** It hears, also of what it may have let go too early. */
  async settle(): Promise<void> {
    await this.#bouncer.poll();
    await this.#stream.pass(reminderMs);
    await this.#bouncer.poll();
  }

  check(): void {
    const now = this.#stream.clock.now();
    const expected = this.#expected();
    assert.deepEqual(this.#bouncer.blocked, [...expected.keys()].sort());
    for (const [which, endsAt] of expected) {
      const told = (this.#bouncer.endOf(which) ?? 0) - Math.min(endsAt, horizonAt(now));
      // Who keeps ends has one that it was told before; what ends earlier than that is told as deleted.
      if (this.#manner === 'adds first, takes ends')
        assert.ok(told >= 0 && told < 1_000, `${which} is blocked ${told} ms too long`);
    }
  }

  #expected(): Map<string, number> {
    const { core, clock } = this.#stream;
    const edge = core.clients.get('edge');
    assert.ok(edge !== undefined);
    const expected = new Map<string, number>();
    for (const { network: which, reports } of core.isPaused ? [] : core.standing.values()) {
      const told = reports.filter((report) => report.client !== 'crowdsec/main' && maySee(edge, report));
      const endsAt = Math.max(...told.map((report) => report.endsAt));
      if (endsAt > clock.now() && core.policy.refuseAddress(which) === undefined) expected.set(which, endsAt);
    }
    return expected;
  }
}
