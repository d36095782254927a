import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseClaims } from '../../../../server/sources/crowdsec/choose-claims.ts';
import type { Decision } from '../../../../server/sources/crowdsec/read-decisions.ts';
import { decision } from './samples.ts';

const networksOf = (decisions: readonly Decision[], most: number): string[] =>
  chooseClaims(decisions, most).claims.map(({ network }) => network);

describe('the claims of CrowdSec', () => {
  it('are one for each network: the longest decision says until when and why, the newest how new it is', () => {
    const { claims, leftOut } = chooseClaims(
      [
        decision(2, '203.0.113.7', { scenario: 'long', remainingMs: 9_000, origin: 'CAPI' }),
        decision(1, '203.0.113.7', { scenario: 'short', remainingMs: 1_000 }),
        decision(5, '203.0.113.7', { scenario: 'middle', remainingMs: 5_000 }),
      ],
      10,
    );
    assert.equal(leftOut, 0);
    assert.deepEqual(claims, [
      { network: '203.0.113.7', scenario: 'long', origin: 'CAPI', remainingMs: 9_000, newest: 5, isLocal: true },
    ]);
  });

  it('beyond the ceiling are left out: first those of community lists, then the oldest', () => {
    const decisions = [
      decision(1, '203.0.113.1'),
      decision(9, '203.0.113.9', { origin: 'CAPI' }),
      decision(3, '203.0.113.3', { origin: 'crowdsec' }),
      decision(8, '203.0.113.8', { origin: 'lists' }),
      decision(2, '203.0.113.2'),
    ];
    assert.deepEqual(networksOf(decisions, 4), ['203.0.113.3', '203.0.113.2', '203.0.113.1', '203.0.113.9']);
    assert.equal(chooseClaims(decisions, 4).leftOut, 1);
    assert.deepEqual(networksOf(decisions, 2), ['203.0.113.3', '203.0.113.2']);
  });

  it('do not depend on the order of the answer', () => {
    const some = fc.record({
      id: fc.nat(20),
      last: fc.nat(6),
      remainingMs: fc.constantFrom(1_000, 2_000),
      origin: fc.constantFrom('CAPI', 'cscli'),
    });
    const lists = fc.uniqueArray(some, { selector: ({ id }) => id, maxLength: 12 });
    fc.assert(
      fc.property(
        lists.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        fc.nat(8),
        ([list, shuffled], most) => {
          const toDecisions = (items: typeof list): Decision[] =>
            items.map(({ id, last, remainingMs, origin }) =>
              decision(id, `203.0.113.${last}`, { remainingMs, origin, scenario: `of ${id}` }),
            );
          assert.deepEqual(chooseClaims(toDecisions(shuffled), most), chooseClaims(toDecisions(list), most));
        },
      ),
    );
  });
});
