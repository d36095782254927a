import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Backoff } from '../../shared/backoff.ts';

describe('Backoff', () => {
  const bounds = { leastMs: 100, mostMs: 1_000 };

  it('doubles up to its bound', () => {
    const backoff = new Backoff(bounds, () => 1);
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => backoff.next()),
      [100, 200, 400, 800, 1_000, 1_000],
    );
  });

  it('stays between half and all of the bound', () => {
    const backoff = new Backoff(bounds, () => 0);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => backoff.next()),
      [50, 100, 200, 400, 500],
    );
  });

  it('begins anew after a success', () => {
    const backoff = new Backoff(bounds, () => 1);
    backoff.next();
    backoff.next();
    backoff.reset();
    assert.equal(backoff.next(), 100);
  });

  it('keeps its bound after a thousand failures', () => {
    const backoff = new Backoff(bounds, () => 1);
    for (let failure = 0; failure < 1_100; failure += 1) backoff.next();
    assert.equal(backoff.next(), 1_000);
  });
});
