import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mergeNetworks } from '../../../shared/merge-networks.ts';
import { embeddedIpv4, findThrough } from '../../../shared/network/embedded-ipv4.ts';
import { covers, familyOf, type Network, networkFrom, prefixLengthOf, rangeOf } from '../../../shared/network.ts';
import { network } from '../../contracts/reconciler-bench.ts';
import { anyNetwork } from '../networks.ts';
import { spell } from './spellings.ts';

/** IPv4 networks outside 0.0.0.0/8, which a local NAT64 prefix leaves open. */
function ipv4Network(): fc.Arbitrary<Network> {
  return fc
    .tuple(fc.bigInt({ min: 1n << 24n, max: 0xffff_ffffn }), fc.integer({ min: 8, max: 32 }))
    .map(([value, length]) => networkFrom(4, value, length));
}

describe('embeddedIpv4', () => {
  for (const [text, ...inside] of [
    ['64:ff9b::c000:201', '192.0.2.1'],
    ['64:ff9b::c000:200/120', '192.0.2.0/24'],
    ['64:ff9b::/96', '0.0.0.0/0'],
    ['64:ff9b::/32', '0.0.0.0/0'],
    ['64:ff9b::', '0.0.0.0'],
    ['64:ff9b:0:1::c000:201'],
    ['2002:c000:201::', '192.0.2.1'],
    ['2002:c000:201:1234::5', '192.0.2.1'],
    ['2002:c000:200::/40', '192.0.2.0/24'],
    ['2002:cb00::/24', '203.0.0.0/8'],
    ['2002::/16', '0.0.0.0/0'],
    ['2002:c000:201::5efe:203.0.113.7', '192.0.2.1', '203.0.113.7'],
    ['::c000:201', '192.0.2.1'],
    ['::/0', '0.0.0.0/0'],
    ['::fffe:0:0/95', '0.0.0.0/0'],
    ['::ffff:0:192.0.2.1', '192.0.2.1'],
    ['::ffff:0:192.0.2.0/120', '192.0.2.0/24'],
    ['::ffff:0:0:0/96', '0.0.0.0/0'],
    ['2001:db8::1'],
    ['2001:db8::/64'],
    ['64:ff9b:1::c000:201', '192.0.2.1'],
    ['64:ff9b:1:abcd::c000:200/120', '192.0.2.0/24'],
    ['64:ff9b:1:c000:2:100::', '192.0.2.1', '2.1.0.0'],
    ['64:ff9b:1:c0:0:201::', '192.0.2.1'],
    ['64:ff9b:1:0:c0:2:100:0', '192.0.2.1', '1.0.0.0'],
    ['64:ff9b:1::/48', '0.0.0.0/0'],
    ['64:ff9b:2::c000:201'],
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', '65.54.227.120', '192.0.2.45'],
    ['2001:0:4136:e378:8000:63bf:3fff:fd00/120', '65.54.227.120', '192.0.2.0/24'],
    ['2001::/64', '0.0.0.0', '0.0.0.0/0'],
    ['2001:0:cb00::/40', '203.0.0.0/8', '0.0.0.0/0'],
    ['2001:1::1'],
    ['2001:db8::5efe:192.0.2.1', '192.0.2.1'],
    ['2001:db8::200:5efe:192.0.2.1', '192.0.2.1'],
    ['2001:db8::5efe:192.0.2.0/120', '192.0.2.0/24'],
    ['2001:db8::5efe:0:0/96', '0.0.0.0/0'],
    ['2001:db8::5eff:192.0.2.1'],
    ['2001:db8::400:5efe:192.0.2.1'],
    ['192.0.2.1'],
  ] as const) {
    it(`finds ${inside.join(' and ') || 'nothing'} in ${text}`, () =>
      assert.deepEqual(embeddedIpv4(network(text)), inside));
  }

  it('finds every IPv4 network in each of its spellings', () => {
    const property = fc.property(ipv4Network(), (each) => {
      for (const [form, spelled] of spell(each)) {
        const found = familyOf(spelled) === 4 ? [spelled] : embeddedIpv4(spelled);
        const isFound = found.some(
          (inside) => inside === each || (prefixLengthOf(spelled) === 128 && covers(each, inside)),
        );
        assert.ok(isFound, `${each} as ${form}, ${spelled}: ${found.join(' ')}`);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('finds in a network all that is found in any part of it', () => {
    const property = fc.property(ipv4Network(), fc.integer({ min: 0, max: 128 }), (each, length) => {
      for (const [form, spelled] of spell(each)) {
        if (form.startsWith('ISATAP') && length < 96) continue;
        const { found, wide } = widened(spelled, length);
        const inside = embeddedIpv4(spelled);
        const isFound = inside.every((part) => found.some((other) => covers(other, part)));
        assert.ok(isFound, `${inside.join(' ')} of ${spelled} is not in ${wide}: ${found.join(' ')}`);
      }
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('carries nothing that its halves do not carry, so that joining others makes no carrier', () => {
    const property = fc.property(anyNetwork(), (each) => {
      const length = prefixLengthOf(each);
      if (familyOf(each) === 4 || length === 0 || embeddedIpv4(each).length > 0) return;
      const [joined] = mergeNetworks([each, otherHalf(each)], { 4: 0, 6: 0 });
      if (joined === undefined || embeddedIpv4(otherHalf(each)).length > 0) return;
      assert.deepEqual(embeddedIpv4(joined), []);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

describe('findThrough', () => {
  it('asks about the network itself first, then about what it carries, until something is found', () => {
    const asked: string[] = [];
    const find = (each: Network) => void asked.push(each);
    assert.equal(findThrough(network('2001:0:4136:e378:8000:63bf:3fff:fdd2'), find), undefined);
    assert.deepEqual(asked, ['2001:0:4136:e378:8000:63bf:3fff:fdd2', '65.54.227.120', '192.0.2.45']);
    assert.equal(
      findThrough(network('192.0.2.1'), (each) => each),
      '192.0.2.1',
    );
  });
});

/** The network of `length` around one, with what it carries; the network itself where that is no wider. */
function widened(inner: Network, length: number): { readonly wide: Network; readonly found: readonly Network[] } {
  if (familyOf(inner) === 4) return { wide: inner, found: [inner] };
  const wide = networkFrom(6, rangeOf(inner).first, Math.min(length, prefixLengthOf(inner)));
  return { wide, found: familyOf(wide) === 4 ? [wide] : embeddedIpv4(wide) };
}

function otherHalf(each: Network): Network {
  const length = prefixLengthOf(each);
  return networkFrom(6, rangeOf(each).first ^ (1n << BigInt(128 - length)), length);
}
