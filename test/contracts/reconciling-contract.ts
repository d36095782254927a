import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { EnforcerError } from '../../shared/errors.ts';
import { covers } from '../../shared/network.ts';
import { ManualClock } from '../manual-clock.ts';
import { until } from '../until.ts';
import type { EnforcerSubject, FirewallUnderTest } from './enforcer-contract.ts';
import { itWhen } from './it-when.ts';
import { entry, network, ReconcilerBench, resyncMs } from './reconciler-bench.ts';

const retry = new EnforcerError('retry', 'the firewall is down');
const denied = new EnforcerError('denied', 'the token is refused');
const rejected = new EnforcerError('rejected', 'no such network here');

/** What a firewall ends up with when a reconciler works on it through its enforcer. */
export function describeReconciling(subject: EnforcerSubject): void {
  describe(`${subject.name} under a reconciler`, () => {
    const withCidrs = itWhen(subject.takesCidrs !== false);
    let firewall: FirewallUnderTest;
    let bench: ReconcilerBench;

    beforeEach(async () => {
      const clock = new ManualClock();
      firewall = await subject.start(clock);
      bench = new ReconcilerBench(firewall.enforcer, clock);
    });
    afterEach(async () => {
      await bench.stop();
      await firewall.close();
    });

    const held = (): readonly string[] => firewall.spellings();

    withCidrs('comes to hold exactly what is desired', async () => {
      bench.want(entry('192.0.2.1'), entry('198.51.100.0/24'), entry('2001:db8::1'));
      bench.start();
      await bench.reaches('in-sync');
      assert.deepEqual(held(), ['192.0.2.1', '198.51.100.0/24', '2001:db8::1']);
      bench.unwant('192.0.2.1');
      bench.want(entry('192.0.2.2', 2));
      await bench.settle();
      assert.deepEqual(held(), ['192.0.2.2', '198.51.100.0/24', '2001:db8::1']);
    });

    it('costs one list and no write when nothing has drifted', async () => {
      bench.want(...numbered(20));
      bench.start();
      await bench.reaches('in-sync');
      const writes = bench.enforcer.applies.length;
      const again = new ReconcilerBench(firewall.enforcer, bench.clock);
      again.want(...numbered(20));
      again.start();
      await again.reaches('in-sync');
      await again.stop();
      assert.deepEqual(again.enforcer.calls, ['list']);
      await bench.pass(resyncMs);
      assert.equal(bench.enforcer.lists, 2);
      assert.equal(bench.enforcer.applies.length, writes);
    });

    it('heals a firewall that lost its entries, at the next list', async () => {
      bench.want(...numbered(5));
      bench.start();
      await bench.reaches('in-sync');
      for (const spelling of held()) firewall.remove(spelling);
      assert.deepEqual(held(), []);
      await bench.pass(resyncMs);
      assert.equal(held().length, 5);
    });

    it('lists at once when asked to', async () => {
      bench.want(...numbered(3));
      bench.start();
      await bench.reaches('in-sync');
      firewall.remove('192.0.2.1');
      bench.reconciler.relist();
      await bench.reaches('in-sync');
      assert.equal(held().length, 3);
    });

    it('puts the newest ban in front of a backlog', async () => {
      bench.want(...numbered(30));
      const release = bench.enforcer.hold();
      bench.start();
      await until(() => bench.enforcer.applies.length === 1, 'the first call is under way');
      bench.want(entry('203.0.113.66', 1000));
      bench.reconciler.notify();
      release();
      await until(() => bench.enforcer.applies.length > 1, 'the next call is under way');
      assert.match(bench.enforcer.applies[1] ?? '', /^\+203\.0\.113\.66\b/);
      await bench.reaches('in-sync');
      assert.equal(held().length, 31);
    });

    it('makes no call for a ban that is lifted before its turn', async () => {
      bench.want(...numbered(10));
      const release = bench.enforcer.hold();
      bench.start();
      await until(() => bench.enforcer.applies.length === 1, 'the first call is under way');
      bench.want(entry('203.0.113.66', 1000));
      bench.reconciler.notify();
      bench.unwant('203.0.113.66');
      bench.reconciler.notify();
      release();
      await bench.reaches('in-sync');
      assert.doesNotMatch(bench.enforcer.calls.join(' '), /203\.0\.113\.66/);
    });

    it('lets an unban have its turn within a few calls of a backlog of bans', async () => {
      bench.want(entry('203.0.113.66'));
      bench.start();
      await bench.reaches('in-sync');
      bench.want(...numbered(40));
      bench.unwant('203.0.113.66');
      await bench.settle();
      const turn = bench.enforcer.applies.findIndex((call) => call.includes('-203.0.113.66'));
      // The first call is the ban's own.
      assert.ok(turn >= 1 && turn <= 5, `the unban was call ${turn}`);
    });

    withCidrs('adds the parts of a network that is split before the whole goes', async () => {
      bench.want(entry('198.51.100.0/30'));
      bench.start();
      await bench.reaches('in-sync');
      const parts = ['198.51.100.0', '198.51.100.1', '198.51.100.2'];
      bench.unwant('198.51.100.0/30');
      bench.want(...parts.map((part, at) => entry(part, at)));
      await bench.settle();
      assert.deepEqual(held(), parts);
      assert.match(bench.enforcer.calls.join(' '), / -198\.51\.100\.0\/30$/);
    });

    withCidrs('adds the whole before the parts go that it was joined from', async () => {
      const parts = ['198.51.100.0', '198.51.100.1', '198.51.100.2', '198.51.100.3'];
      bench.want(...parts.map((part) => entry(part)));
      bench.start();
      await bench.reaches('in-sync');
      bench.unwant(...parts);
      // Newer bans stand before the whole, and removals get their turn between them.
      bench.want(entry('198.51.100.0/30', 0), ...numbered(20));
      await bench.settle();
      assert.equal(held().length, 21);
      const steps = bench.enforcer.calls.join(' ').split(' ');
      const wholeAt = steps.indexOf('+198.51.100.0/30');
      for (const part of parts) assert.ok(steps.indexOf(`-${part}`) > wholeAt, `${part} went before the whole came`);
    });

    it('goes on with the others when one network is rejected, and says which', async () => {
      bench.enforcer.refuse('+192.0.2.7', rejected);
      bench.want(...numbered(12));
      bench.start();
      await bench.reaches('in-sync');
      assert.equal(held().length, 11);
      assert.deepEqual(
        bench.eventsOf('rejected').map((event) => event.network),
        ['192.0.2.7'],
      );
      assert.equal(bench.reconciler.enforcementOf(network('192.0.2.7'), true).state, 'refused');
    });

    it('does not try a rejected removal again before the next list', async () => {
      bench.want(...numbered(2));
      bench.start();
      await bench.reaches('in-sync');
      bench.enforcer.refuse('-192.0.2.1', rejected);
      bench.unwant('192.0.2.0', '192.0.2.1');
      await bench.settle();
      assert.deepEqual(held(), ['192.0.2.1']);
      const tries = (): number => bench.enforcer.applies.filter((call) => call === '-192.0.2.1').length;
      assert.equal(tries(), 1);
      await bench.pass(resyncMs);
      assert.equal(tries(), 2);
    });

    it('lists again after a failure, and does not send what was carried out all the same', async () => {
      bench.enforcer.failNext({ call: 'apply', when: 'after', error: retry });
      const atOnce = bench.enforcer.stepsPerCall;
      bench.want(...numbered(atOnce));
      bench.start();
      await bench.reaches('failing');
      await bench.pass(1_000);
      assert.equal(bench.enforcer.lists, 2);
      assert.equal(bench.enforcer.applies.length, 1);
      assert.equal(held().length, atOnce);
    });

    it('waits longer after each failure, even while the firewall still answers lists', async () => {
      const failures = Array.from({ length: 8 }, () => ({ call: 'apply', when: 'before', error: retry }) as const);
      bench.enforcer.failNext(...failures);
      bench.want(entry('192.0.2.1'));
      bench.start();
      const pauses: (number | undefined)[] = [];
      for (const _ of failures) {
        await bench.reaches('failing');
        const pause = bench.clock.nextInMs ?? 0;
        pauses.push(pause);
        bench.clock.advance(pause);
      }
      await bench.reaches('in-sync');
      assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
      assert.deepEqual(held(), ['192.0.2.1']);
      assert.equal(bench.eventsOf('recovered').length, 1);
    });

    it('begins with a short pause again after a success', async () => {
      bench.enforcer.failNext(...[1, 2, 3].map(() => ({ call: 'list', when: 'before', error: retry }) as const));
      bench.start();
      for (const pause of [1_000, 2_000, 4_000]) {
        await bench.reaches('failing');
        assert.equal(bench.clock.nextInMs, pause);
        bench.clock.advance(pause);
      }
      await bench.reaches('in-sync');
      bench.enforcer.failNext({ call: 'apply', when: 'before', error: retry });
      bench.want(entry('192.0.2.1'));
      bench.reconciler.notify();
      await bench.reaches('failing');
      assert.equal(bench.clock.nextInMs, 1_000);
    });

    it('waits a minute when it is denied, and says so once a try', async () => {
      bench.enforcer.failNext(...[1, 2].map(() => ({ call: 'apply', when: 'before', error: denied }) as const));
      bench.want(entry('192.0.2.1'));
      bench.start();
      await bench.reaches('failing');
      assert.equal(bench.clock.nextInMs, 60_000);
      bench.clock.advance(60_000);
      await bench.reaches('failing');
      assert.deepEqual(
        bench.eventsOf('failed').map(({ code }) => code),
        ['denied', 'denied'],
      );
      assert.deepEqual(bench.eventsOf('recovered'), []);
      await bench.pass(60_000);
      assert.deepEqual(held(), ['192.0.2.1']);
      assert.equal(bench.eventsOf('recovered').length, 1);
    });

    it('does not wait out its pause when the operator asks for a list', async () => {
      bench.enforcer.failNext({ call: 'list', when: 'before', error: denied });
      bench.want(entry('192.0.2.1'));
      bench.start();
      await bench.reaches('failing');
      bench.reconciler.relist();
      await bench.reaches('in-sync');
      assert.deepEqual(held(), ['192.0.2.1']);
    });

    it('asks the policy once more before each addition', async () => {
      bench.forbidden.add(network('192.0.2.1'));
      bench.want(...numbered(3));
      bench.start();
      await bench.reaches('in-sync');
      assert.deepEqual(held(), ['192.0.2.0', '192.0.2.2']);
    });

    withCidrs('says of each network whether the firewall agrees', async () => {
      bench.want(entry('192.0.2.1'), entry('198.51.100.0/24'));
      assert.equal(bench.reconciler.enforcementOf(network('192.0.2.1'), true).state, 'pending');
      bench.start();
      await bench.reaches('in-sync');
      const stateOf = (text: string, banned: boolean): string =>
        bench.reconciler.enforcementOf(network(text), banned).state;
      assert.equal(stateOf('192.0.2.1', true), 'in-force');
      assert.equal(stateOf('198.51.100.77', true), 'in-force');
      assert.equal(stateOf('192.0.2.9', false), 'absent');
      assert.equal(stateOf('192.0.2.9', true), 'left-out');
      assert.equal(stateOf('192.0.2.1', false), 'pending');
      assert.deepEqual(bench.reconciler.counts(), { ours: 2, theirs: 0 });
    });

    withCidrs('never has a moment in which a network that stays banned is open', async () => {
      bench.want(entry('198.51.100.0/29'), entry('198.51.100.8'), entry('198.51.100.9'));
      bench.start();
      await bench.reaches('in-sync');
      bench.unwant('198.51.100.0/29', '198.51.100.8', '198.51.100.9');
      const wanted = ['198.51.100.0/30', '198.51.100.4', '198.51.100.5', '198.51.100.8/31'];
      bench.want(...wanted.map((text, at) => entry(text, at)), ...numbered(9));
      const gaps: string[] = [];
      bench.onApplied = (steps) => {
        const networks = held().map(network);
        for (const last of [0, 1, 2, 3, 4, 5, 8, 9]) {
          const address = network(`198.51.100.${last}`);
          if (!networks.some((each) => covers(each, address))) gaps.push(`${address} after ${JSON.stringify(steps)}`);
        }
      };
      await bench.settle();
      assert.deepEqual(gaps, []);
      assert.equal(held().length, 13);
    });

    if (subject.isShared) {
      it("never touches the administrator's entries, whatever is desired, fails or ends", async () => {
        const theirs = ['192.0.2.1', '198.51.100.0/24', '2001:DB8::A'];
        for (const spelling of theirs) firewall.addTheirs?.(spelling);
        bench.want(entry('192.0.2.1'), entry('198.51.100.0/24'), entry('2001:db8::a'), entry('192.0.2.2'));
        bench.enforcer.failNext({ call: 'apply', when: 'after', error: retry });
        bench.start();
        await bench.reaches('failing');
        await bench.pass(1_000);
        assert.deepEqual(held(), [...theirs, '192.0.2.2'].sort());
        assert.deepEqual(bench.enforcer.applies, ['+192.0.2.2']);
        assert.equal(bench.reconciler.enforcementOf(network('192.0.2.1'), false).state, 'in-force');
        bench.unwant('192.0.2.1', '198.51.100.0/24', '2001:db8::a', '192.0.2.2');
        await bench.settle();
        await bench.pass(resyncMs);
        assert.deepEqual(held(), [...theirs].sort());
      });

      it('leaves an entry that the administrator added while it was banned', async () => {
        bench.start();
        await bench.reaches('in-sync');
        firewall.addTheirs?.('192.0.2.1');
        bench.want(entry('192.0.2.1'));
        await bench.settle();
        bench.unwant('192.0.2.1');
        await bench.settle();
        assert.deepEqual(held(), ['192.0.2.1']);
      });
    }
  });
}

/** 192.0.2.0, 192.0.2.1 …, and 192.0.3.0 after 192.0.2.255; the last the newest. */
function numbered(count: number): ReturnType<typeof entry>[] {
  return Array.from({ length: count }, (_, at) => entry(`192.0.${2 + (at >> 8)}.${at & 255}`, at));
}
