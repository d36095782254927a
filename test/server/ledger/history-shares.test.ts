import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cutsOf, ownHolder } from '../../../server/ledger/history-shares.ts';

/** What each holder keeps. */
function keptOf(counts: Readonly<Record<string, number>>, most: number): Record<string, number> {
  const cuts = cutsOf(new Map(Object.entries(counts)), most);
  return Object.fromEntries(Object.entries(counts).map(([holder, count]) => [holder, count - (cuts.get(holder) ?? 0)]));
}

describe('shares of history', () => {
  it('are as large as everybody else’s, or all that a holder has; the operator and the server come first', () => {
    const counts = { [ownHolder]: 2, web1: 3, web2: 4, web3: 90 };
    assert.deepEqual(keptOf(counts, 99), { [ownHolder]: 2, web1: 3, web2: 4, web3: 90 });
    assert.deepEqual(keptOf(counts, 20), { [ownHolder]: 2, web1: 3, web2: 4, web3: 11 });
    assert.deepEqual(keptOf(counts, 9), { [ownHolder]: 2, web1: 3, web2: 2, web3: 2 });
    assert.deepEqual(keptOf(counts, 1), { [ownHolder]: 1, web1: 0, web2: 0, web3: 0 });
  });

  it('use all the room that there is, and nobody loses to one that keeps more', () => {
    const anyCounts = fc.dictionary(
      fc.constantFrom(ownHolder, 'a', 'b', 'c', 'd', 'e'),
      fc.integer({ min: 1, max: 40 }),
    );
    fc.assert(
      fc.property(anyCounts, fc.nat(120), (counts, most) => {
        const kept = keptOf(counts, most);
        const total = (of: Readonly<Record<string, number>>) =>
          Object.values(of).reduce((sum, count) => sum + count, 0);
        assert.equal(total(kept), Math.min(most, total(counts)));
        const { [ownHolder]: own = 0, ...others } = kept;
        assert.equal(own, Math.min(most, counts[ownHolder] ?? 0));
        const highest = Math.max(0, ...Object.values(others));
        for (const [holder, count] of Object.entries(others))
          assert.ok(
            count === counts[holder] || count >= highest - 1,
            `${holder} gave way with ${count} beside ${highest}`,
          );
      }),
    );
  });
});
