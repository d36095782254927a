import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { covers, type Network, prefixLengthOf } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';
import { network } from '../contracts/reconciler-bench.ts';
import { anyNetwork, closeNetwork } from './networks.ts';

const sets = fc.array(fc.oneof(closeNetwork(), anyNetwork()), { maxLength: 30 });

describe('NetworkIndex', () => {
  const index = new NetworkIndex(
    ['10.0.0.0/8', '10.1.0.0/16', '10.1.2.0/24', '11.0.0.0/8', '2001:db8::/32'].map(network),
  );

  it('finds the narrowest member that covers a network', () => {
    assert.equal(index.covering(network('10.1.2.3')), '10.1.2.0/24');
    assert.equal(index.covering(network('10.1.3.4')), '10.1.0.0/16');
    assert.equal(index.covering(network('10.1.2.0/23')), '10.1.0.0/16');
    assert.equal(index.covering(network('10.1.2.0/24')), '10.1.2.0/24');
    assert.equal(index.covering(network('9.255.255.255')), undefined);
    assert.equal(index.covering(network('::a01:203')), undefined);
  });

  it('finds the members within a network', () => {
    assert.deepEqual(index.within(network('10.0.0.0/9')), ['10.1.0.0/16', '10.1.2.0/24']);
    assert.deepEqual(index.within(network('0.0.0.0/0')).length, 4);
    assert.deepEqual(index.within(network('12.0.0.0/8')), []);
  });

  it('is empty without members', () => {
    assert.equal(new NetworkIndex().size, 0);
    assert.equal(new NetworkIndex().overlapping(network('0.0.0.0/0')), undefined);
  });

  it('counts a network that is given twice once', () => {
    const twice = new NetworkIndex([network('192.0.2.1'), network('192.0.2.1')]);
    assert.equal(twice.size, 1);
    assert.deepEqual(twice.within(network('192.0.2.0/24')), ['192.0.2.1']);
  });

  it('says what a loop over all members says', () => {
    const property = fc.property(sets, fc.oneof(closeNetwork(), anyNetwork()), (members, asked) => {
      const found = new NetworkIndex(members);
      const around = members.filter((member) => covers(member, asked));
      const inside = [...new Set(members.filter((member) => covers(asked, member)))];
      assert.equal(found.covering(asked), narrowest(around));
      assert.deepEqual(found.within(asked).sort(), inside.sort());
      assert.equal(found.has(asked), members.includes(asked));
      const overlapping = found.overlapping(asked);
      assert.equal(overlapping !== undefined, around.length + inside.length > 0);
      assert.ok(overlapping === undefined || covers(overlapping, asked) || covers(asked, overlapping));
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

function narrowest(networks: readonly Network[]): Network | undefined {
  return [...networks].sort((a, b) => prefixLengthOf(b) - prefixLengthOf(a))[0];
}
