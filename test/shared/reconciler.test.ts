import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { EnforcerError } from '../../shared/errors.ts';
import { MemoryFirewall } from '../contracts/memory-firewall.ts';
import { entry, network, ReconcilerBench, resyncMs } from '../contracts/reconciler-bench.ts';
import { ManualClock } from '../manual-clock.ts';
import { until } from '../until.ts';

const retry = new EnforcerError('retry', 'it is down', { cause: new Error('ECONNREFUSED') });
const rejected = new EnforcerError('rejected', 'not this one');

/** What every enforcer shows too is in the contract suite; this is what needs a firewall in memory. */
describe('Reconciler', () => {
  let firewall: MemoryFirewall;
  let clock: ManualClock;
  let bench: ReconcilerBench;

  beforeEach(() => {
    clock = new ManualClock();
    firewall = new MemoryFirewall(1);
    bench = new ReconcilerBench(firewall, clock);
  });
  afterEach(() => bench.stop());

  it('ends when aborted, whatever it is doing, and closes the enforcer', async () => {
    bench.enforcer.failNext({ call: 'list', when: 'before', error: retry });
    bench.start();
    await bench.reaches('failing');
    await bench.stop();
    assert.equal(bench.reconciler.state.kind, 'stopped');
    assert.equal(clock.waiting, 0);
  });

  it('takes entries out of a firewall that is full, so that others fit in', async () => {
    const apply = firewall.apply.bind(firewall);
    firewall.apply = (steps) => {
      const isFull = firewall.entries.size >= 2 && steps.some(({ verb }) => verb === 'add');
      return isFull ? Promise.reject(new EnforcerError('retry', 'File too large')) : apply(steps);
    };
    firewall.entries.set('192.0.2.8', 'ours').set('192.0.2.9', 'ours');
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('failing');
    await bench.pass(1_000);
    assert.deepEqual([...firewall.entries.keys()], ['192.0.2.1']);
  });

  it('takes out what the operator lifts before a backlog of bans, and without waiting for the time of the next plan', async () => {
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    const isHeld: boolean[] = [];
    bench.onApplied = () => {
      isHeld.push(firewall.entries.has('192.0.2.1'));
      if (isHeld.length !== 2) return;
      bench.unwant('192.0.2.1');
      bench.reconciler.hurry([network('192.0.2.1')]);
    };
    for (let last = 1; last <= 20; last += 1) bench.want(entry(`198.51.100.${2 * last}`, last));
    await bench.settle();
    assert.deepEqual(isHeld.slice(0, 4), [true, true, false, false]);
  });

  it('says of a firewall that answers well and keeps nothing what it does not block, and not before the second look', async () => {
    firewall.apply = () => Promise.resolve();
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    const look = (): Promise<void> =>
      new Promise((resolve) => {
        bench.reconciler.relist();
        bench.reconciler.watchPass(resolve);
      });
    const lists: number[] = [];
    for (let looks = 0; looks < 3; looks += 1) {
      lists.push(bench.reconciler.refused.length);
      await look();
    }
    assert.deepEqual(lists, [0, 0, 1]);
    assert.match(bench.reconciler.refused[0]?.reason ?? '', /not there/);
    assert.equal(bench.reconciler.enforcementOf(network('192.0.2.1'), true).state, 'refused');
    firewall.apply = MemoryFirewall.prototype.apply;
    for (let looks = 0; looks < 2; looks += 1) await look();
    assert.deepEqual(bench.reconciler.refused, []);
  });

  it('says of a ban that is not desired that it is left out, and of a new one that it is pending', async () => {
    const stateOf = (text: string) => bench.reconciler.enforcementOf(network(text), true).state;
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    assert.deepEqual(['192.0.2.1', '192.0.2.2'].map(stateOf), ['in-force', 'left-out']);
    bench.want(entry('192.0.2.2'));
    bench.reconciler.notify();
    assert.equal(stateOf('192.0.2.2'), 'pending');
    await bench.reaches('in-sync');
    assert.equal(stateOf('192.0.2.2'), 'in-force');
  });

  it('keeps nobody waiting for a pass once it is stopped', async () => {
    bench.start();
    await bench.reaches('in-sync');
    const told: string[] = [];
    bench.reconciler.watchPass(() => told.push(bench.reconciler.state.kind));
    await bench.stop();
    assert.deepEqual(told, ['stopped']);
  });

  it('does not survive a fault of ours', async () => {
    const broken = new ReconcilerBench(firewall, clock);
    broken.enforcer.list = () => Promise.reject(new TypeError('undefined is not a function'));
    await assert.rejects(broken.reconciler.run(new AbortController().signal), TypeError);
  });

  it('says what failed, why, since when and when it tries again', async () => {
    bench.enforcer.failNext(...[1, 2].map(() => ({ call: 'list', when: 'before', error: retry }) as const));
    bench.start();
    await bench.reaches('failing');
    const failing = { kind: 'failing', code: 'retry', reason: 'it is down: ECONNREFUSED', sinceMs: 0 };
    assert.deepEqual(bench.reconciler.state, failing);
    assert.deepEqual(bench.events, [
      { kind: 'failed', code: 'retry', reason: 'it is down: ECONNREFUSED', nextTryMs: 1_000 },
    ]);
    clock.advance(1_000);
    await until(() => bench.enforcer.lists === 2, 'it tries again');
    await bench.reaches('failing');
    assert.deepEqual(bench.reconciler.state, failing);
    assert.deepEqual(bench.reconciler.enforcementOf(network('192.0.2.1'), true), {
      state: 'failing',
      detail: 'it is down: ECONNREFUSED',
      sinceMs: 0,
    });
    await bench.pass(2_000);
    assert.deepEqual(bench.eventsOf('recovered').length, 1);
  });

  it('pauses no longer than the failure allows, however often it came', async () => {
    const locked = new EnforcerError('retry', 'locked', { pauseMaxMs: 5_000 });
    bench.enforcer.failNext(
      ...Array.from({ length: 8 }, () => ({ call: 'list', when: 'before', error: locked }) as const),
    );
    bench.start();
    for (let times = 1; times <= 8; times += 1) {
      await until(() => bench.eventsOf('failed').length === times, `it failed ${times} times`);
      clock.advance(5_000);
    }
    assert.deepEqual(
      bench.eventsOf('failed').map(({ nextTryMs }) => nextTryMs),
      [1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000, 5_000],
    );
  });

  it('does not take a list that was under way for the one that was asked for', async () => {
    const gate = new EventTarget();
    let hasRead = false;
    const list = firewall.list.bind(firewall);
    firewall.list = async () => {
      const before = await list();
      hasRead = true;
      await once(gate, 'open');
      return before;
    };
    bench.want(entry('192.0.2.1'));
    firewall.entries.set('192.0.2.1', 'ours');
    bench.start();
    await until(() => hasRead, 'the first list has been read and is not yet answered');
    firewall.entries.clear();
    bench.reconciler.relist();
    firewall.list = list;
    gate.dispatchEvent(new Event('open'));
    await bench.reaches('in-sync');
    assert.deepEqual([...firewall.entries.keys()], ['192.0.2.1']);
  });

  it('counts the entries of each owner', async () => {
    firewall.entries.set('192.0.2.9', 'theirs');
    bench.want(entry('192.0.2.1'), entry('192.0.2.2'), entry('192.0.2.9'));
    bench.start();
    await bench.reaches('in-sync');
    assert.deepEqual(bench.reconciler.counts(), { ours: 2, theirs: 1 });
    assert.deepEqual(bench.reconciler.enforcementOf(network('192.0.2.9'), true), {
      state: 'in-force',
      foreign: [{ network: '192.0.2.9', spelling: '192.0.2.9', owner: 'theirs' }],
    });
  });

  it('names what is not ours and contains a network, the narrowest first, whatever becomes of the ban', async () => {
    for (const spelling of ['198.51.0.0/16', '198.51.100.0/24']) firewall.entries.set(spelling, 'theirs');
    bench.want(entry('198.51.100.7'));
    bench.start();
    await bench.reaches('in-sync');
    for (const isWanted of [true, false]) {
      const found = bench.reconciler.enforcementOf(network('198.51.100.7'), isWanted);
      const foreign = found.state === 'in-force' ? found.foreign.map(({ spelling }) => spelling) : found.state;
      assert.deepEqual(foreign, ['198.51.100.0/24', '198.51.0.0/16']);
    }
  });

  it('says of an entry that the firewall does not let go that it refuses, as long as it is there', async () => {
    firewall.entries.set('192.0.2.1', 'ours');
    bench.enforcer.refuse('-192.0.2.1', rejected);
    bench.start();
    await bench.reaches('in-sync');
    const state = () => bench.reconciler.enforcementOf(network('192.0.2.1'), false);
    assert.deepEqual(state(), { state: 'refused', detail: 'the firewall does not let it go: not this one' });
    assert.deepEqual(
      bench.reconciler.unremoved.map((each) => each.network),
      ['192.0.2.1'],
    );
    firewall.entries.clear();
    await bench.pass(resyncMs);
    assert.deepEqual([state(), bench.reconciler.unremoved], [{ state: 'absent' }, []]);
  });

  it('never looks in sync between a list and the next try of what it refuses', async () => {
    bench.enforcer.refuse('+192.0.2.1', rejected);
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    const counts: number[] = [];
    const list = firewall.list.bind(firewall);
    firewall.list = () => {
      counts.push(bench.reconciler.refused.length);
      return list();
    };
    firewall.apply = () => {
      counts.push(bench.reconciler.refused.length);
      return Promise.resolve();
    };
    for (let looks = 0; looks < 3; looks += 1) await bench.pass(resyncMs);
    assert.deepEqual(new Set(counts), new Set([1]));
    assert.equal(bench.reconciler.enforcementOf(network('192.0.2.1'), true).state, 'refused');
  });

  it('reports each list with its drift, and each call with its steps', async () => {
    firewall.entries.set('192.0.2.9', 'ours');
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    const [listed, ...applied] = bench.events;
    assert.deepEqual(listed, { kind: 'listed', held: 1, drift: 2 });
    assert.deepEqual(
      applied.map((event) => (event.kind === 'applied' ? event.steps.map(({ verb }) => verb) : event.kind)),
      [['add'], ['remove']],
    );
  });

  it('tries a rejected network again after the next list', async () => {
    bench.enforcer.refuse('+192.0.2.1', rejected);
    bench.want(entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    await bench.settle();
    assert.equal(bench.eventsOf('rejected').length, 1);
    await bench.pass(resyncMs);
    assert.equal(bench.eventsOf('rejected').length, 2);
  });

  it('keeps the parts of a network that the firewall does not take as a whole', async () => {
    bench.enforcer.refuse('+192.0.2.0/31', rejected);
    bench.want(entry('192.0.2.0'), entry('192.0.2.1'));
    bench.start();
    await bench.reaches('in-sync');
    bench.unwant('192.0.2.0', '192.0.2.1');
    bench.want(entry('192.0.2.0/31'));
    await bench.settle();
    assert.deepEqual([...firewall.entries.keys()], ['192.0.2.0', '192.0.2.1']);
  });

  it('sends the steps of a batch one by one when one of them is rejected, and batches again after that', async () => {
    firewall = new MemoryFirewall(4);
    const batches = new ReconcilerBench(firewall, clock);
    batches.enforcer.refuse('+192.0.2.2', rejected);
    batches.want(...Array.from({ length: 12 }, (_, at) => entry(`192.0.2.${at}`, -at)));
    batches.start();
    await batches.reaches('in-sync');
    await batches.stop();
    assert.deepEqual(batches.enforcer.applies, [
      '+192.0.2.0 +192.0.2.1 +192.0.2.2 +192.0.2.3',
      '+192.0.2.0',
      '+192.0.2.1',
      '+192.0.2.2',
      '+192.0.2.3',
      '+192.0.2.4 +192.0.2.5 +192.0.2.6 +192.0.2.7',
      '+192.0.2.8 +192.0.2.9 +192.0.2.10 +192.0.2.11',
    ]);
  });
});
