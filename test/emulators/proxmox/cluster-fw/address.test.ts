import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressProblem, cleanCidr, NOT_AN_ADDRESS, parseAddress } from './address.ts';

/** What is given, what is stored. */
const STORED: readonly (readonly [string, string])[] = [
  ['203.0.113.9', '203.0.113.9'],
  ['203.0.113.9/32', '203.0.113.9'],
  ['203.0.113.9/28', '203.0.113.0/28'],
  ['10.1.2.3/1', '0.0.0.0/1'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['2001:db8:a:b::9', '2001:db8:a:b::9'],
  ['2001:DB8::9', '2001:DB8::9'],
  ['2001:0db8:0:0:0:0:0:9', '2001:0db8:0:0:0:0:0:9'],
  ['2001:DB8::9/128', '2001:db8::9'],
  ['2001:DB8:0:B::9/60', '2001:db8::/60'],
  ['2001:db8:ffff::/33', '2001:db8:8000::/33'],
  ['::ffff:203.0.113.9', '::ffff:203.0.113.9'],
  ['::ffff:203.0.113.9/128', '::ffff:cb00:7109'],
  ['203.0.113.9\n', '203.0.113.9\n'],
  ['home', 'home'],
];

/** What is refused, and how. */
const REFUSED: readonly (readonly [string, string])[] = [
  ['', NOT_AN_ADDRESS],
  ['203.0.113', NOT_AN_ADDRESS],
  ['203.0.113.256', NOT_AN_ADDRESS],
  ['203.0.113.09', NOT_AN_ADDRESS],
  [' 203.0.113.9', NOT_AN_ADDRESS],
  ['203.0.113.9 ', NOT_AN_ADDRESS],
  ['203.0.113.9/', NOT_AN_ADDRESS],
  ['203.0.113.0/255.255.255.0', NOT_AN_ADDRESS],
  ['203.0.113.1-203.0.113.9', NOT_AN_ADDRESS],
  ['203.0.113.9\n\n', NOT_AN_ADDRESS],
  ['fe80::1%eth0', NOT_AN_ADDRESS],
  ['host.example', NOT_AN_ADDRESS],
  ['203.0.113.9/33', 'Prefix length 33 is longer than IP address (32)'],
  ['2001:db8::/129', 'Prefix length 129 is longer than IP address (128)'],
  ['128.0.0.1/0', 'Invalid prefix 10000000000000000000000000000001/0'],
];

describe('addresses in an ipset', () => {
  for (const [given, stored] of STORED) {
    it(`stores ${JSON.stringify(given)} as ${JSON.stringify(stored)}`, () => {
      assert.equal(addressProblem(given), undefined);
      assert.equal(cleanCidr(given), stored);
    });
  }

  for (const [given, complaint] of REFUSED) {
    it(`refuses ${JSON.stringify(given)}`, () => assert.equal(addressProblem(given), complaint));
  }

  it('reads a file without making addresses canonical', () => {
    assert.deepEqual(parseAddress('10.0.0.5/24'), { cidr: '10.0.0.5/24', ipversion: 4 });
    assert.deepEqual(parseAddress('10.0.0.5/32'), { cidr: '10.0.0.5', ipversion: 4 });
    assert.deepEqual(parseAddress('2001:DB8::A/128'), { cidr: '2001:DB8::A', ipversion: 6 });
    assert.equal(parseAddress('home'), undefined);
  });
});
