import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RateLimit } from '../../../server/policy/rate-limit.ts';

describe('a rate limit', () => {
  it('lets a burst through and then so much a second', () => {
    const limit = new RateLimit({ perSecond: 10, burst: 20 }, 0);
    assert.equal(limit.take(20, 0), true);
    assert.equal(limit.take(1, 0), false);
    assert.equal(limit.take(1, 99), false);
    assert.equal(limit.take(1, 100), true);
    assert.equal(limit.take(11, 1_100), false);
    assert.equal(limit.take(10, 1_100), true);
  });

  it('gathers no more than a burst, however long nobody asks', () => {
    const limit = new RateLimit({ perSecond: 10, burst: 20 }, 0);
    assert.equal(limit.take(21, 1_000_000), false);
    assert.equal(limit.take(20, 1_000_000), true);
    assert.equal(limit.take(1, 1_000_000), false);
  });

  it('takes nothing when it refuses', () => {
    const limit = new RateLimit({ perSecond: 1, burst: 5 }, 0);
    assert.equal(limit.take(6, 0), false);
    assert.equal(limit.take(5, 0), true);
  });

  it('never lets through more than the burst and what has come in since', () => {
    const asks = fc.array(fc.record({ afterMs: fc.nat(500), cost: fc.integer({ min: 1, max: 30 }) }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(asks, (all) => {
        const limit = new RateLimit({ perSecond: 40, burst: 50 }, 0);
        let nowMs = 0;
        let taken = 0;
        for (const { afterMs, cost } of all) {
          nowMs += afterMs;
          if (limit.take(cost, nowMs)) taken += cost;
          assert.ok(taken <= 50 + (nowMs / 1_000) * 40 + 1e-6);
        }
      }),
      { numRuns: 300 },
    );
  });
});
