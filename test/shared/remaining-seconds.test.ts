import assert from 'node:assert/strict';
import { it } from 'node:test';
import { limits } from '../../shared/limits.ts';
import { remainingSeconds } from '../../shared/remaining-seconds.ts';

it('the time that remains is whole seconds within the limits of the protocol, or null for ever', () => {
  const cases = [
    [null, null],
    [Number.POSITIVE_INFINITY, null],
    [11_000, 10],
    [10_001, 10],
    [500, 1],
    [Number.MAX_SAFE_INTEGER, limits.ttlMaxSeconds],
  ] as const;
  for (const [endsAt, seconds] of cases) assert.equal(remainingSeconds(endsAt, 1_000), seconds, String(endsAt));
});
