import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergeNetworks } from '../../shared/merge-networks.ts';
import { addressBits, covers, familyOf, type Network, prefixLengthOf, rangeOf } from '../../shared/network.ts';
import { network } from '../contracts/reconciler-bench.ts';
import { anyNetwork, closeNetwork } from './networks.ts';

const anyWidth = { 4: 0, 6: 0 };

function merged(texts: readonly string[], widest: Readonly<Record<4 | 6, number>> = anyWidth): string[] {
  return mergeNetworks(texts.map(network), widest);
}

describe('mergeNetworks', () => {
  it('joins two halves, again and again', () => {
    assert.deepEqual(merged(['192.0.2.3', '192.0.2.0', '192.0.2.2', '192.0.2.1']), ['192.0.2.0/30']);
    assert.deepEqual(merged(['2001:db8::1', '2001:db8::']), ['2001:db8::/127']);
    assert.deepEqual(merged(['0.0.0.0/1', '128.0.0.0/1', '::/1', '8000::/1']), ['0.0.0.0/0', '::/0']);
  });

  it('does not join neighbours that are no halves of one network', () => {
    assert.deepEqual(merged(['192.0.2.1', '192.0.2.2']), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(merged(['255.255.255.255', '0.0.0.0']), ['0.0.0.0', '255.255.255.255']);
  });

  it('drops what a wider one covers, and doubles', () => {
    assert.deepEqual(merged(['192.0.2.7', '192.0.2.0/24', '192.0.2.7']), ['192.0.2.0/24']);
  });

  it('joins no further than allowed, but keeps what is wider already', () => {
    const widest = { 4: 24, 6: 64 };
    assert.deepEqual(merged(['192.0.2.0/24', '192.0.3.0/24'], widest), ['192.0.2.0/24', '192.0.3.0/24']);
    assert.deepEqual(merged(['10.0.0.0/9', '10.128.0.0/9'], widest), ['10.0.0.0/9', '10.128.0.0/9']);
  });

  it('covers exactly the same addresses', () => {
    const property = fc.property(
      fc.array(closeNetwork(), { maxLength: 24 }),
      fc.integer({ min: 0, max: 4 }),
      (given, width) => {
        const result = mergeNetworks(given, { 4: 32 - width, 6: 128 - width });
        assert.deepEqual(addressesOf(result), addressesOf(given));
        for (const each of result) {
          assert.ok(given.includes(each) || prefixLengthOf(each) >= addressBits[familyOf(each)] - width);
        }
      },
    );
    fc.assert(property, { numRuns: 1_000 });
  });

  it('leaves nothing that could be dropped or joined', () => {
    const given = fc.array(fc.oneof(closeNetwork(), anyNetwork()), { maxLength: 24 });
    const property = fc.property(given, (networks) => {
      const result = mergeNetworks(networks, anyWidth);
      for (const each of result) {
        assert.ok(result.every((other) => other === each || !covers(other, each)));
        assert.ok(networks.every((member) => result.some((other) => covers(other, member))));
      }
      assert.deepEqual(mergeNetworks(result, anyWidth), result);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

function addressesOf(networks: readonly Network[]): Set<string> {
  const addresses = new Set<string>();
  for (const each of networks) {
    const { family, first, last } = rangeOf(each);
    for (let address = first; address <= last; address += 1n) addresses.add(`${family} ${address}`);
  }
  return new Set([...addresses].sort());
}
