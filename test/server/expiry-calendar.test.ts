import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ExpiryCalendar } from '../../server/expiry-calendar.ts';
import type { Report } from '../../server/ledger/ledger.ts';
import { stretched } from '../patience.ts';
import { makeReport } from './samples.ts';

describe('an expiry calendar', () => {
  it('gives what ends at or before an instant, again and again until it is deleted', () => {
    const calendar = new ExpiryCalendar();
    const [early, late, never] = [
      makeReport('203.0.113.1', { endsAt: 1_500 }),
      makeReport('203.0.113.2', { endsAt: 1_900 }),
      makeReport('203.0.113.3'),
    ];
    for (const report of [late, early, never]) calendar.add(report);
    assert.deepEqual(calendar.due(1_499), []);
    assert.deepEqual(calendar.due(1_500), [early]);
    assert.deepEqual(calendar.due(1_600), [early]);
    calendar.delete(early);
    assert.deepEqual(calendar.due(1_900), [late]);
    calendar.delete(late);
    assert.deepEqual(calendar.due(Number.MAX_SAFE_INTEGER), []);
  });

  it('takes in what ends before the instant that was last asked about', () => {
    const calendar = new ExpiryCalendar();
    assert.deepEqual(calendar.due(60_000), []);
    const past = makeReport('203.0.113.1', { endsAt: 10 });
    calendar.add(past);
    assert.deepEqual(calendar.due(60_000), [past]);
  });

  it('looks at no second twice when the clock was wrong by fifty years', () => {
    const calendar = new ExpiryCalendar();
    const [wrong, right] = [
      makeReport('203.0.113.1', { endsAt: 1_000 }),
      makeReport('203.0.113.2', { endsAt: 1.8e12 }),
    ];
    calendar.add(wrong);
    calendar.add(right);
    const startedAt = performance.now();
    for (let sweep = 0; sweep < 10; sweep += 1) assert.deepEqual(calendar.due(1.8e12 + sweep), [wrong, right]);
    // Ten walks through fifty years of seconds take minutes.
    assert.ok(performance.now() - startedAt < stretched(5_000));
  });

  it('agrees with a plain list, wherever the clock jumps', () => {
    const instant = fc.oneof(fc.nat(5_000), fc.nat(2 ** 40));
    const step = fc.record({ endsAt: instant, isOldestGone: fc.boolean(), now: instant });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const calendar = new ExpiryCalendar();
        const model: Report[] = [];
        for (const { endsAt, isOldestGone, now } of steps) {
          const report = makeReport('203.0.113.1', { endsAt });
          calendar.add(report);
          model.push(report);
          for (const gone of model.splice(0, Number(isOldestGone))) calendar.delete(gone);
          assert.deepEqual(new Set(calendar.due(now)), new Set(model.filter((each) => each.endsAt <= now)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
