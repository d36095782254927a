import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CandidateBan, type DesiredEntriesOptions, desiredEntries } from '../../shared/desired-entries.ts';
import { networkFrom, rangeOf } from '../../shared/network.ts';
import { network } from '../contracts/reconciler-bench.ts';

const options: DesiredEntriesOptions = {
  now: 1_000,
  mayBlock: () => true,
  maxEntries: 100,
  merge: true,
  widest: { 4: 16, 6: 32 },
};

function ban(text: string, given: Partial<CandidateBan> = {}): CandidateBan {
  return {
    network: network(text),
    order: 1,
    endsAt: Number.POSITIVE_INFINITY,
    claims: [{ client: 'web1', sequence: given.order ?? 1 }],
    isOperators: false,
    note: 'sshd web1',
    ...given,
  };
}

function networksOf(bans: readonly CandidateBan[], given: Partial<DesiredEntriesOptions> = {}): string[] {
  return [...desiredEntries(bans, { ...options, ...given }).entries.keys()].sort();
}

describe('desiredEntries', () => {
  it('makes no IPv6 entry of halves that carries a wider IPv4 network than may be banned', () => {
    const halves = ['64:ff9b::102:0/112', '64:ff9b::103:0/112'];
    const apart = ['2001:db8::', '2001:db8::1'];
    assert.deepEqual(networksOf([...halves, ...apart].map((text) => ban(text))), ['2001:db8::/127', ...halves]);
  });

  it('drops what has ended and what the policy forbids', () => {
    const bans = [ban('192.0.2.1', { endsAt: 1_000 }), ban('192.0.2.2', { endsAt: 1_001 }), ban('192.0.2.9')];
    assert.deepEqual(networksOf(bans, { mayBlock: (each) => each !== '192.0.2.9' }), ['192.0.2.2']);
  });

  it('drops what a wider ban covers', () => {
    assert.deepEqual(networksOf([ban('192.0.2.1'), ban('192.0.2.0/24'), ban('192.0.2.128/25')]), ['192.0.2.0/24']);
  });

  it('joins whole networks, no further than the policy lets a ban be wide', () => {
    const halves = [ban('10.0.0.0/9'), ban('10.128.0.0/9'), ban('192.0.2.0/31'), ban('192.0.2.2'), ban('192.0.2.3')];
    assert.deepEqual(networksOf(halves), ['10.0.0.0/9', '10.128.0.0/9', '192.0.2.0/30']);
    assert.deepEqual(networksOf(halves, { widest: { 4: 8, 6: 32 } }), ['10.0.0.0/8', '192.0.2.0/30']);
  });

  it('joins nothing when told so', () => {
    const bans = [ban('192.0.2.2'), ban('192.0.2.3'), ban('2001:db8::/32'), ban('2001:db8::1')];
    assert.deepEqual(networksOf(bans, { merge: false }), ['192.0.2.2', '192.0.2.3', '2001:db8::/32']);
  });

  it('gives a joined entry the order and the note of its newest member', () => {
    const bans = [ban('192.0.2.2', { order: 7, note: 'new web2' }), ban('192.0.2.3', { order: 3, note: 'old web1' })];
    const joined = desiredEntries(bans, options).entries.get(network('192.0.2.2/31'));
    assert.deepEqual([joined?.order, joined?.note], [7, 'new web2']);
  });

  it('lets a joined entry end with the first of its members', () => {
    const bans = [ban('192.0.2.2', { endsAt: 9_000 }), ban('192.0.2.3', { endsAt: 5_000 })];
    assert.equal(desiredEntries(bans, options).entries.get(network('192.0.2.2/31'))?.endsAt, 5_000);
  });

  it('does not let a covered ban shorten the wider one', () => {
    const bans = [ban('192.0.2.0/24', { endsAt: 9_000 }), ban('192.0.2.3', { endsAt: 5_000 })];
    assert.equal(desiredEntries(bans, options).entries.get(network('192.0.2.0/24'))?.endsAt, 9_000);
    const halves = [ban('192.0.2.0/25', { endsAt: 9_000 }), ban('192.0.2.128/25'), ban('192.0.2.3', { endsAt: 5_000 })];
    assert.equal(desiredEntries(halves, options).entries.get(network('192.0.2.0/24'))?.endsAt, 9_000);
  });

  it('keeps, where room is short, the first in the order of the ranking, and counts the others', () => {
    const flood = Array.from({ length: 9 }, (_, at) => ban(`192.0.2.${2 * at}`, { order: 100 + at }));
    const other = ban('198.51.100.1', { claims: [{ client: 'web2', sequence: 1 }] });
    const { entries, leftOut } = desiredEntries([...flood, other], { ...options, maxEntries: 3 });
    assert.deepEqual([...entries.keys()].sort(), ['192.0.2.14', '192.0.2.16', '198.51.100.1']);
    assert.equal(leftOut, 7);
  });

  it('fills the room that joining makes', () => {
    const whole = Array.from({ length: 8 }, (_, last) => ban(`192.0.2.${last}`, { order: 100 + last }));
    const others = Array.from({ length: 9 }, (_, at) => ban(`198.51.100.${at * 2}`, { order: at }));
    const { entries, leftOut } = desiredEntries([...whole, ...others], { ...options, maxEntries: 8 });
    assert.ok(entries.has(network('192.0.2.0/29')));
    assert.deepEqual([entries.size, leftOut], [8, 2]);
    assert.ok(!entries.has(network('198.51.100.0')) && !entries.has(network('198.51.100.2')));
  });

  it('keeps exactly as many as there is room for when all are alike', () => {
    const bans = Array.from({ length: 20 }, (_, at) => ban(`192.0.2.${at * 2}`));
    const { entries, leftOut } = desiredEntries(bans, { ...options, maxEntries: 7 });
    assert.deepEqual([entries.size, leftOut], [7, 13]);
  });

  it('takes no more bytes than there are, and gives up the last of the ranked bans', () => {
    const costOf = ({ network: each }: { readonly network: string }): number => each.length + 20;
    const property = fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 60 }),
      fc.nat(2_000),
      fc.boolean(),
      (numbers, availableBytes, merge) => {
        const bans = numbers.map((at, order) => ban(`198.51.${100 + (at >> 8)}.${at & 255}`, { order: order + 1 }));
        const room = { availableBytes, costOf };
        const { entries, leftOut, bytes } = desiredEntries(bans, { ...options, merge, room });
        const cost = [...entries.values()].reduce((sum, each) => sum + costOf(each), 0);
        assert.equal(bytes, cost);
        assert.ok(cost <= availableBytes);
        const covered = addressesOf([...entries.keys()]);
        const kept = bans.map((each) => [...addressesOf([each.network])].every((address) => covered.has(address)));
        assert.equal(kept.filter((isKept) => !isKept).length, leftOut);
        if (leftOut > 0)
          assert.equal(kept.indexOf(true) < 0 ? bans.length : kept.indexOf(true), leftOut, 'the oldest go');
      },
    );
    fc.assert(property, { numRuns: 300 });
  });

  it('covers exactly the addresses of the bans that it keeps', () => {
    const property = fc.property(
      bansOf16Addresses(),
      fc.boolean(),
      fc.integer({ min: 1, max: 20 }),
      (bans, merge, most) => {
        const { entries, leftOut } = desiredEntries(bans, {
          ...options,
          merge,
          maxEntries: most,
          widest: { 4: 28, 6: 124 },
        });
        const alive = bans.filter(({ endsAt }) => endsAt > options.now);
        assert.ok(entries.size <= most);
        const covered = addressesOf([...entries.keys()]);
        const kept = alive.filter((each) => [...addressesOf([each.network])].every((address) => covered.has(address)));
        assert.ok(kept.length >= alive.length - leftOut);
        assert.deepEqual(covered, addressesOf(kept.map((each) => each.network)));
        if (leftOut === 0) assert.deepEqual(covered, addressesOf(alive.map((each) => each.network)));
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('never lets an entry outlive the bans that it stands for', () => {
    const property = fc.property(bansOf16Addresses(), (bans) => {
      const { entries } = desiredEntries(bans, { ...options, widest: { 4: 28, 6: 124 } });
      for (const entry of entries.values()) {
        if (!Number.isFinite(entry.endsAt)) continue;
        const before = bans.filter(({ endsAt }) => endsAt >= entry.endsAt).map((each) => each.network);
        const open = [...addressesOf([entry.network])].filter((address) => !addressesOf(before).has(address));
        assert.deepEqual(open, [], `${entry.network} outlives a part of it`);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});

/** Bans within a /28 and a /124, so that they meet often; each network once. */
function bansOf16Addresses(): fc.Arbitrary<CandidateBan[]> {
  const networks = fc
    .tuple(fc.constantFrom(4 as const, 6 as const), fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 4 }))
    .map(([family, last, width]) => {
      const base = family === 4 ? 0xc0000200n : 0x20010db8n << 96n;
      return networkFrom(family, base + BigInt(last), (family === 4 ? 32 : 128) - width);
    });
  const bans = fc.record({
    network: networks,
    order: fc.integer({ min: 1, max: 99 }),
    endsAt: fc.constantFrom(1_000, 2_000, 3_000, Number.POSITIVE_INFINITY),
    claims: fc.array(fc.record({ client: fc.constantFrom('web1', 'web2'), sequence: fc.nat(99) }), { minLength: 1 }),
    isOperators: fc.boolean(),
    note: fc.constant('sshd web1'),
  });
  return fc.uniqueArray(bans, { selector: (each) => each.network, maxLength: 24 });
}

function addressesOf(networks: readonly CandidateBan['network'][]): Set<string> {
  const addresses = new Set<string>();
  for (const each of networks) {
    const { family, first, last } = rangeOf(each);
    for (let address = first; address <= last; address += 1n) addresses.add(`${family} ${address}`);
  }
  return addresses;
}
