import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type OwnAddress, ownAddresses, readAddresses } from '../../../../server/doctor/facts/read-addresses.ts';
import { judgeAddresses } from '../../../../server/doctor/judge/judge-addresses.ts';
import { type Network, parseNetwork } from '../../../../shared/network.ts';

function network(text: string): Network {
  return parseNetwork(text) ?? assert.fail(text);
}

describe("the administrator's own addresses", () => {
  /** The address, why a ban of it is refused, the bans that stand, what is said. */
  const cases: readonly (readonly [string, string | undefined, readonly string[], readonly string[]])[] = [
    ['203.0.113.9', 'whitelisted', [], []],
    ['203.0.113.9', undefined, [], ['warning own-address-unprotected']],
    ['203.0.113.9', undefined, ['203.0.113.9'], ['broken own-address-banned 203.0.113.9']],
    ['203.0.113.9', undefined, ['203.0.113.0/24'], ['broken own-address-banned 203.0.113.0/24']],
    [
      '203.0.113.9',
      undefined,
      ['203.0.113.9', '203.0.113.0/24', '203.0.113.10'],
      ['broken own-address-banned 203.0.113.0/24, 203.0.113.9'],
    ],
    ['203.0.113.0/24', 'protected', ['203.0.113.77'], ['warning own-address-banned 203.0.113.77']],
    ['203.0.113.9', 'protected', ['203.0.113.10', '2001:db8::/32'], []],
    ['2001:db8::9', undefined, ['2001:db8::/32'], ['broken own-address-banned 2001:db8::/32']],
  ];
  for (const [address, refusal, bans, expected] of cases) {
    it(`${address}, ${refusal ?? 'not protected'}, with bans of ${bans.join() || 'nothing'}`, async () => {
      const own: OwnAddress = { network: network(address), what: 'mine' };
      const facts = await readAddresses([own], bans.map(network), () => Promise.resolve(refusal));
      assert.deepEqual(
        judgeAddresses(facts).map(({ level, code, fact }) =>
          [level, code, /banned by (.+)$/.exec(fact)?.[1]].filter((part) => part !== undefined).join(' '),
        ),
        expected,
      );
    });
  }

  it('come once each, the caller first', () => {
    const own = ownAddresses([network('192.0.2.1'), network('203.0.113.9')], [], '203.0.113.9 50000 192.0.2.1 22');
    assert.deepEqual(
      own.map((each) => `${each.network} ${each.what}`),
      ['203.0.113.9 where you are logged in from', '192.0.2.1 an address of this host'],
    );
  });

  it('leave out a caller that is no address', () => {
    for (const text of [undefined, '', 'UNKNOWN 1 2 3', '; rm -rf 1 2 3'])
      assert.deepEqual(ownAddresses([], [], text), []);
  });
});
