import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addressBits, type Network, networkFrom, rangeOf } from '../../shared/network.ts';
import { compareOrder, orderOf } from '../../shared/network-order.ts';

const anyNetwork = fc.oneof(
  fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }), fc.integer({ min: 0, max: addressBits[4] }))
    .map(([value, length]) => networkFrom(4, value, length)),
  fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }), fc.integer({ min: 0, max: addressBits[6] }))
    .map(([value, length]) => networkFrom(6, value, length)),
  fc
    .tuple(fc.integer({ min: 0, max: 127 }), fc.bigInt({ min: 0n, max: 65_535n }))
    .map(([shift, value]) => networkFrom(6, (value << BigInt(shift)) & ((1n << 128n) - 1n), 128)),
);

function compareByRange(a: Network, b: Network): number {
  const [left, right] = [rangeOf(a), rangeOf(b)];
  if (left.family !== right.family) return left.family - right.family;
  if (left.first !== right.first) return left.first < right.first ? -1 : 1;
  return left.prefixLength - right.prefixLength;
}

describe('the order of networks', () => {
  it('is that of families, first addresses and widths', () => {
    fc.assert(
      fc.property(anyNetwork, anyNetwork, (a, b) => {
        assert.equal(Math.sign(compareOrder(orderOf(a), orderOf(b))), Math.sign(compareByRange(a, b)));
      }),
      { numRuns: 2_000 },
    );
  });
});
