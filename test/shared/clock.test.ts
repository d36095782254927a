import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sleep, systemClock } from '../../shared/clock.ts';
import { ManualClock } from '../manual-clock.ts';

describe('sleep', () => {
  it('ends when the time is over', async () => {
    const clock = new ManualClock();
    const asleep = sleep(clock, 1_000, new AbortController().signal);
    clock.advance(1_000);
    await asleep;
    assert.equal(clock.waiting, 0);
  });

  it('ends when aborted, and leaves no timer', async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const asleep = sleep(clock, 1_000, stop.signal);
    stop.abort();
    await asleep;
    assert.equal(clock.waiting, 0);
    await sleep(clock, 1_000, stop.signal);
  });
});

describe('systemClock', () => {
  it('calls back once, unless cancelled', async () => {
    let cancelled = 0;
    systemClock.after(0, () => (cancelled += 1))();
    await new Promise<void>((resolve) => void systemClock.after(1, resolve));
    assert.equal(cancelled, 0);
  });

  it('waits for what a timer of Node cannot hold', () => {
    const cancel = systemClock.after(10 ** 12, () => assert.fail('came at once'));
    cancel();
  });

  it('runs forward', () => {
    const before = systemClock.elapsed();
    assert.ok(systemClock.elapsed() >= before);
  });
});

describe('ManualClock', () => {
  it('runs timers in the order of their time, those set on the way included', () => {
    const clock = new ManualClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push(`second at ${clock.elapsed()}`));
    clock.after(10, () => {
      seen.push(`first at ${clock.elapsed()}`);
      clock.after(5, () => seen.push(`between at ${clock.elapsed()}`));
    });
    clock.after(31, () => seen.push('too late'));
    clock.advance(30);
    assert.deepEqual(seen, ['first at 10', 'between at 15', 'second at 20']);
    assert.deepEqual([clock.elapsed(), clock.waiting, clock.nextInMs], [30, 1, 1]);
  });
});
