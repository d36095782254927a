import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bell } from '../../shared/bell.ts';
import { ManualClock } from '../manual-clock.ts';

describe('Bell', () => {
  const never = new AbortController().signal;

  it('wakes the one who waits', async () => {
    const bell = new Bell();
    const woken = bell.wait(new ManualClock(), undefined, never);
    bell.ring();
    await woken;
  });

  it('keeps a ring for the next who waits, and only one', async () => {
    const clock = new ManualClock();
    const bell = new Bell();
    bell.ring();
    bell.ring();
    await bell.wait(clock, undefined, never);
    const second = bell.wait(clock, 1_000, never);
    assert.equal(clock.waiting, 1);
    clock.advance(1_000);
    await second;
  });

  it('wakes when the time is over, and leaves no timer when it rang before', async () => {
    const clock = new ManualClock();
    const bell = new Bell();
    const late = bell.wait(clock, 1_000, never);
    clock.advance(999);
    assert.equal(clock.waiting, 1);
    clock.advance(1);
    await late;
    const early = bell.wait(clock, 1_000, never);
    bell.ring();
    await early;
    assert.equal(clock.waiting, 0);
  });

  it('wakes at once when the time is over already', async () => {
    const clock = new ManualClock();
    const woken = new Bell().wait(clock, -5, never);
    clock.advance(0);
    await woken;
  });

  it('wakes when aborted, also before', async () => {
    const stop = new AbortController();
    const waiting = new Bell().wait(new ManualClock(), undefined, stop.signal);
    stop.abort();
    await waiting;
    await new Bell().wait(new ManualClock(), undefined, stop.signal);
  });
});
