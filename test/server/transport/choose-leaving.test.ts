import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chooseLeaving } from '../../../server/transport/choose-leaving.ts';
import { neighbourhoodOf } from '../../../server/transport/neighbourhood.ts';
import { limits } from '../../../shared/limits.ts';
import type { Network } from '../../../shared/network.ts';
import { network } from '../samples.ts';

interface Held {
  readonly id: number;
  readonly address: Network | undefined;
}

/** The connections of one client, oldest first, as a server keeps them. */
class Client {
  held: readonly Held[] = [];
  #next = 0;

  connect(address: Network | undefined): Held {
    const full = this.held.length >= limits.connectionsPerClientMax;
    const leaving = full ? chooseLeaving(this.held, address) : undefined;
    assert.equal(leaving !== undefined, full);
    const held = { id: this.#next, address };
    this.#next += 1;
    this.held = [...this.held.filter((each) => each !== leaving), held];
    return held;
  }
}

const [host, a, b] = ['192.0.2.1', '198.51.100.7', '203.0.113.9'].map(network);

describe('of the connections of one client', () => {
  const cases: readonly (readonly [what: string, from: readonly (Network | undefined)[], leaves: number])[] = [
    ['the oldest goes where all are from there', [host, host, host], 0],
    ['the oldest from there goes, however many others hold', [a, a, a, host, host], 3],
    ['else the oldest of the address that holds most', [b, a, a], 1],
    ['else the oldest of all', [b, a], 0],
    ['a /64 counts as one address', [b, network('2001:db8::1'), network('2001:db8::2')], 1],
    ['an address that is not known is one, too', [b, undefined, undefined], 1],
  ];
  for (const [what, from, leaves] of cases) {
    it(what, () =>
      assert.equal(
        chooseLeaving(
          from.map((address, id) => ({ id, address })),
          host,
        )?.id,
        leaves,
      ),
    );
  }

  it('a thief who holds all from up to seven addresses never keeps the host out, nor pushes it out', () => {
    const thieves = fc.array(fc.integer({ min: 1, max: limits.connectionsPerClientMax - 1 }), { maxLength: 60 });
    fc.assert(
      fc.property(thieves, thieves, (before, after) => {
        const client = new Client();
        const steal = (places: readonly number[]) => {
          for (const place of places) client.connect(network(`198.51.100.${place}`));
        };
        steal(before);
        const own = client.connect(host);
        assert.ok(client.held.includes(own));
        steal(after);
        assert.ok(client.held.includes(own));
      }),
    );
  });

  it('never is one more than it may have, and none leaves before that', () => {
    const addresses = fc.array(fc.constantFrom(host, a, b, undefined), { maxLength: 40 });
    fc.assert(
      fc.property(addresses, (from) => {
        const client = new Client();
        for (const address of from) client.connect(address);
        assert.equal(client.held.length, Math.min(from.length, limits.connectionsPerClientMax));
      }),
    );
  });

  it('neighbours of one /64 are one, and IPv4 addresses are not', () => {
    assert.equal(neighbourhoodOf(network('2001:db8::1')), neighbourhoodOf(network('2001:db8::ffff')));
    assert.notEqual(neighbourhoodOf(network('2001:db8::1')), neighbourhoodOf(network('2001:db8:0:1::1')));
    assert.notEqual(neighbourhoodOf(a), neighbourhoodOf(b));
  });
});
