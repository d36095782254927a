import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ProtectedAddresses } from '../../../server/policy/protected-addresses.ts';
import type { Network } from '../../../shared/network.ts';
import { anyNetwork, overlapsNaively } from '../naive-networks.ts';
import { network } from '../samples.ts';

describe('protected addresses', () => {
  it('say what is protected, and why', () => {
    const addresses = new ProtectedAddresses();
    addresses.protect(network('192.0.2.1'), 'an address of this server');
    assert.deepEqual(addresses.overlapping(network('192.0.2.0/24')), {
      network: '192.0.2.1',
      reason: 'an address of this server',
    });
    assert.equal(addresses.overlapping(network('192.0.2.2')), undefined);
  });

  it('stay protected until they are released as often as they were protected', () => {
    const addresses = new ProtectedAddresses();
    const address = network('192.0.2.1');
    addresses.protect(address, 'the address of a connected client');
    addresses.protect(address, 'the address of a connected client');
    addresses.release(address, 'the address of a connected client');
    assert.notEqual(addresses.overlapping(address), undefined);
    addresses.release(address, 'the address of a connected client');
    assert.equal(addresses.overlapping(address), undefined);
    assert.equal(addresses.overlapping(network('192.0.2.0/24')), undefined);
  });

  it('are replaced reason by reason, and say whether that changed anything', () => {
    const addresses = new ProtectedAddresses();
    const [first, second] = [network('192.0.2.1'), network('192.0.2.2')];
    addresses.protect(first, 'the address of a connected client');
    assert.equal(addresses.replace('a cluster node', [first, first]), true);
    assert.equal(addresses.replace('a cluster node', [first]), false);
    assert.equal(addresses.replace('a cluster node', [second]), true);
    assert.deepEqual(addresses.overlapping(first)?.reason, 'the address of a connected client');
    assert.deepEqual(addresses.overlapping(second)?.reason, 'a cluster node');
    assert.equal(addresses.replace('a cluster node', []), true);
    assert.deepEqual(addresses.list(), [{ network: first, reason: 'the address of a connected client' }]);
  });

  it('answer as bit by bit comparison does, whatever was protected and released before', () => {
    const steps = fc.array(fc.record({ verb: fc.constantFrom('protect', 'release'), which: anyNetwork }), {
      maxLength: 25,
    });
    fc.assert(
      fc.property(steps, anyNetwork, (done, asked) => {
        const addresses = new ProtectedAddresses();
        for (const { verb, which } of done) addresses[verb](which, 'a reason');
        assert.equal(
          addresses.overlapping(asked) !== undefined,
          leftProtected(done).some((other) => overlapsNaively(asked, other)),
        );
      }),
      { numRuns: 1_000 },
    );
  });
});

interface Step {
  readonly verb: 'protect' | 'release';
  readonly which: Network;
}

function leftProtected(steps: readonly Step[]): Network[] {
  return steps.reduce<Network[]>((left, { verb, which }) => {
    if (verb === 'protect') return left.concat(which);
    const at = left.indexOf(which);
    return left.filter((_, index) => index !== at);
  }, []);
}
