import assert from 'node:assert/strict';
import { isIP, isIPv4 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  covers,
  familyOf,
  ipv4FirstOf,
  ipv4From,
  type Network,
  networkFrom,
  parseNetwork,
  prefixLengthOf,
  rangeOf,
} from '../../shared/network.ts';
import { network } from '../contracts/reconciler-bench.ts';
import { anyNetwork } from './networks.ts';

describe('parseNetwork', () => {
  for (const [text, canonical] of [
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['192.0.2.1/32', '192.0.2.1'],
    ['192.0.2.77/24', '192.0.2.0/24'],
    ['192.0.2.77/0', '0.0.0.0/0'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8::7/128', '2001:db8::7'],
    ['2001:db8:0:1::5/64', '2001:db8:0:1::/64'],
    ['::', '::'],
    ['::/0', '::/0'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.77/120', '192.0.2.0/24'],
    ['::ffff:0:0/96', '0.0.0.0/0'],
    ['::ffff:192.0.2.1/95', '::fffe:0:0/95'],
    ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
    ['2002:c000:201::', '2002:c000:201::'],
  ] as const) {
    it(`reads ${text} as ${canonical}`, () => assert.equal(parseNetwork(text), canonical));
  }

  for (const text of [
    '',
    ' 192.0.2.1',
    '192.0.2.1 ',
    '192.0.2.1\n',
    '192.0.2',
    '1.2.3',
    '192.0.2.1.1',
    '192.0.2.256',
    '192.0.2.-1',
    '192.0.2.+1',
    '010.0.0.1',
    '192.0.2.01',
    '00.0.0.0',
    '0x7f.1',
    '0x7f000001',
    '2130706433',
    '127.1',
    '1e1.0.0.1',
    '١٩٢.0.2.1',
    '192.0.2.1/',
    '192.0.2.1/33',
    '192.0.2.1/-1',
    '192.0.2.1/+8',
    '192.0.2.1/08',
    '192.0.2.1/8.0',
    '192.0.2.1/8/8',
    '192.0.2.0/255.255.255.0',
    '192.0.2.1-192.0.2.9',
    '192.0.2.1,192.0.2.2',
    '/24',
    'example.org',
    'localhost',
    '2001:db8::1%eth0',
    'fe80::1%1',
    '[2001:db8::1]',
    '2001:db8::1/129',
    '2001:db8::1::2',
    '2001:db8:::1',
    ':2001:db8::1',
    '2001:db8::1:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '2001:db8::00001',
    '2001:db8::12345',
    '2001:db8::g',
    '::ffff:192.0.2',
    '::ffff:192.0.2.01',
    '::ffff:192.0.2.256',
    '::ffff:192.0.2.1:1',
    '192.0.2.1::',
    ':',
    ':::',
    `${'1:'.repeat(300)}1`,
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => assert.equal(parseNetwork(text), undefined));
  }

  it('agrees with another strict parser on what an address is', () => {
    const characters = fc.constantFrom(...'0123456789abcdefF:.:.:::::', '255', '192.0.2.1', 'ffff', '::', '00');
    const texts = fc.array(characters, { maxLength: 16 }).map((parts) => parts.join(''));
    const property = fc.property(texts, (text) => {
      assert.equal(parseNetwork(text) !== undefined, isIP(text) !== 0, JSON.stringify(text));
    });
    fc.assert(property, { numRuns: 5_000 });
  });

  it('is its own canonical form', () => {
    fc.assert(
      fc.property(anyNetwork(), (each) => assert.equal(parseNetwork(each), each)),
      { numRuns: 1_000 },
    );
  });

  it('reads every standard spelling of an address as the same network', () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const canonical = parseNetwork(text);
        assert.ok(canonical !== undefined);
        for (const spelling of [text.toUpperCase(), `${text}/128`, spelledOut(canonical)]) {
          assert.equal(parseNetwork(spelling), canonical, spelling);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string(), (text) => assert.doesNotThrow(() => parseNetwork(text))),
      { numRuns: 1_000 },
    );
  });
});

describe('rangeOf', () => {
  it('is the inverse of networkFrom', () => {
    const property = fc.property(anyNetwork(), (each) => {
      const { family, first, last, prefixLength } = rangeOf(each);
      assert.equal(networkFrom(family, first, prefixLength), each);
      assert.equal(networkFrom(family, last, prefixLength), each);
      assert.equal(family, familyOf(each));
      assert.equal(prefixLength, prefixLengthOf(each));
      assert.equal(last - first + 1n, 1n << BigInt((family === 4 ? 32 : 128) - prefixLength));
    });
    fc.assert(property, { numRuns: 2_000 });
  });

  it('says the same of IPv4 as the numbers do', () => {
    const property = fc.property(anyNetwork(), (each) => {
      if (familyOf(each) === 6) return;
      assert.equal(BigInt(ipv4FirstOf(each)), rangeOf(each).first);
      assert.equal(ipv4From(ipv4FirstOf(each), prefixLengthOf(each)), each);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

describe('covers', () => {
  for (const [outer, inner, expected] of [
    ['192.0.2.0/24', '192.0.2.1', true],
    ['192.0.2.0/24', '192.0.2.0/24', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.0/25', '192.0.2.0/24', false],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['::/0', '192.0.2.1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
  ] as const) {
    it(`${outer} ${expected ? 'covers' : 'does not cover'} ${inner}`, () => {
      assert.equal(covers(network(outer), network(inner)), expected);
    });
  }
});

/** All eight groups with all their digits; IPv4 as its mapped form. */
function spelledOut(canonical: Network): string {
  const { first, family } = rangeOf(canonical);
  const value = isIPv4(canonical) || family === 4 ? (0xffffn << 32n) | first : first;
  return value.toString(16).padStart(32, '0').match(/.{4}/g)?.join(':') ?? '';
}
