import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DesiredEntry, HeldEntry, Step } from '../../shared/enforcer.ts';
import { HeldEntries } from '../../shared/held-entries.ts';
import { addressBits, covers, type Network, networkFrom, rangeOf } from '../../shared/network.ts';
import { makePlan, type Plan } from '../../shared/plan.ts';
import { WorkList } from '../../shared/work-list.ts';
import { entry, network } from '../contracts/reconciler-bench.ts';
import { closeNetwork } from './networks.ts';

function wanted(...entries: readonly DesiredEntry[]): Map<Network, DesiredEntry> {
  return new Map(entries.map((each) => [each.network, each]));
}

function holding(text: string, owner: HeldEntry['owner'] = 'ours'): HeldEntry {
  return { network: network(text), spelling: text, owner };
}

function planOf(
  desired: readonly DesiredEntry[],
  held: readonly HeldEntry[],
  impossible: readonly string[] = [],
): Plan {
  return makePlan(wanted(...desired), new HeldEntries(held).byNetwork, new Set(impossible.map(network)));
}

function words(plan: Plan): Record<keyof Plan, string[]> {
  return {
    additions: plan.additions.map((each) => each.network),
    removals: plan.removals.map(({ spelling }) => spelling),
    lateRemovals: plan.lateRemovals.map(({ spelling }) => spelling),
  };
}

describe('makePlan', () => {
  for (const [held, desired, expected] of [
    [[], [], [[], []]],
    [[], ['192.0.2.1'], [['192.0.2.1'], []]],
    [[holding('192.0.2.1')], ['192.0.2.1'], [[], []]],
    [[holding('192.0.2.1', 'theirs')], ['192.0.2.1'], [[], []]],
    [[holding('192.0.2.1')], [], [[], ['192.0.2.1']]],
    [[holding('192.0.2.1', 'theirs')], [], [[], []]],
    [[holding('2001:DB8::1', 'theirs')], ['2001:db8::1'], [[], []]],
    [[holding('2001:DB8::1'), holding('2001:db8::1', 'theirs')], [], [[], ['2001:DB8::1']]],
    [[holding('2001:DB8::1'), holding('2001:db8::1')], [], [[], ['2001:DB8::1', '2001:db8::1']]],
  ] as const) {
    const name = `${desired.join() || 'nothing'} desired, ${held.map((each) => `${each.spelling} (${each.owner})`).join() || 'nothing'} held`;
    it(name, () => {
      const { additions, removals } = words(
        planOf(
          desired.map((text) => entry(text)),
          held,
        ),
      );
      assert.deepEqual([additions, removals], expected);
    });
  }

  it('adds again what the firewall would end at another time than is desired', () => {
    const ending = (text: string, endsAt: number): DesiredEntry => ({ ...entry(text), endsAt });
    const never = Number.POSITIVE_INFINITY;
    const ends = [
      [60_000, 60_000],
      [60_000, 55_000],
      [60_000, 65_000],
      [60_000, 66_000],
      [60_000, 54_000],
      [60_000, never],
      [never, 60_000],
      [never, never],
    ] as const;
    const desired = ends.map(([wantedEnd], at) => ending(`192.0.2.${at}`, wantedEnd));
    const held = ends.map(([, endsAt], at) => ({ ...holding(`192.0.2.${at}`), endsAt }));
    const { additions, removals, lateRemovals } = words(planOf(desired, held));
    assert.deepEqual(additions.sort(), ['192.0.2.3', '192.0.2.4', '192.0.2.5', '192.0.2.6']);
    assert.deepEqual([removals, lateRemovals], [[], []]);
  });

  it('adds the newest first', () => {
    const plan = planOf([entry('192.0.2.1', 2), entry('192.0.2.2', 9), entry('192.0.2.3', 5)], []);
    assert.deepEqual(words(plan).additions, ['192.0.2.2', '192.0.2.3', '192.0.2.1']);
  });

  it('keeps a network that is split until its parts have come', () => {
    const plan = planOf([entry('192.0.2.0'), entry('192.0.2.1')], [holding('192.0.2.0/30'), holding('192.0.2.9')]);
    assert.deepEqual(words(plan), {
      additions: ['192.0.2.0', '192.0.2.1'],
      removals: ['192.0.2.9'],
      lateRemovals: ['192.0.2.0/30'],
    });
  });

  it('keeps the parts of a network that is joined until the whole has come', () => {
    const plan = planOf([entry('192.0.2.0/31')], [holding('192.0.2.0'), holding('192.0.2.1'), holding('192.0.2.9')]);
    assert.deepEqual(words(plan), {
      additions: ['192.0.2.0/31'],
      removals: ['192.0.2.9'],
      lateRemovals: ['192.0.2.0', '192.0.2.1'],
    });
  });

  it('keeps the parts of a network that the firewall does not take', () => {
    const plan = planOf([entry('192.0.2.0/31')], [holding('192.0.2.0'), holding('192.0.2.1')], ['192.0.2.0/31']);
    assert.deepEqual(words(plan), { additions: [], removals: [], lateRemovals: [] });
  });

  it('does not block more than is banned for the sake of a part that the firewall does not take', () => {
    const plan = planOf([entry('192.0.2.0')], [holding('192.0.2.0/31')], ['192.0.2.0']);
    assert.deepEqual(words(plan), { additions: [], removals: ['192.0.2.0/31'], lateRemovals: [] });
  });
});

describe('a plan being worked off', () => {
  const desiredSets = fc.uniqueArray(closeNetwork(), { maxLength: 12 });
  const heldSets = fc.uniqueArray(fc.tuple(closeNetwork(), fc.constantFrom<HeldEntry['owner']>('ours', 'theirs')), {
    selector: ([each]) => each,
    maxLength: 12,
  });
  const calls = fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean()), { minLength: 40, maxLength: 40 });

  it('ends at what is desired and theirs, in whatever order and size the steps are taken', () => {
    const property = fc.property(desiredSets, heldSets, calls, fc.boolean(), (desired, held, takes, isTight) => {
      const firewall = new Firewall(held);
      const work = new WorkList(firewall.planFor(desired), { isTight });
      for (const [most, removalFirst] of takes) firewall.carryOut(work.take(most, removalFirst));
      assert.equal(work.waiting, 0);
      const theirs = held.filter(([, owner]) => owner === 'theirs').map(([each]) => each);
      assert.deepEqual([...firewall.entries.keys()].sort(), [...new Set([...desired, ...theirs])].sort());
      for (const each of theirs) assert.equal(firewall.entries.get(each), 'theirs');
    });
    fc.assert(property, { numRuns: 1_000 });
  });

  it('ends there too when what is desired changes on the way', () => {
    const property = fc.property(
      fc.array(desiredSets, { minLength: 1, maxLength: 4 }),
      heldSets,
      calls,
      (changes, held, takes) => {
        const firewall = new Firewall(held);
        for (const desired of changes) {
          const work = new WorkList(firewall.planFor(desired));
          for (const [most, removalFirst] of takes.slice(0, 5)) firewall.carryOut(work.take(most, removalFirst));
        }
        const last = changes.at(-1) ?? [];
        const work = new WorkList(firewall.planFor(last));
        for (const [most, removalFirst] of takes) firewall.carryOut(work.take(most, removalFirst));
        const { additions, removals, lateRemovals } = firewall.planFor(last);
        assert.deepEqual([additions, removals, lateRemovals], [[], [], []]);
      },
    );
    fc.assert(property, { numRuns: 500 });
  });

  it('never opens an address that was blocked and stays banned', () => {
    const property = fc.property(desiredSets, heldSets, calls, fc.boolean(), (desired, held, takes, isTight) => {
      const firewall = new Firewall(held);
      const staying = desired.flatMap(addressesIn).filter((each) => firewall.blocks(each));
      const work = new WorkList(firewall.planFor(desired), { isTight });
      for (const [, removalFirst] of takes) {
        const steps = work.take(1, removalFirst);
        firewall.carryOut(steps);
        for (const each of staying) assert.ok(firewall.blocks(each), `${each} is open after ${JSON.stringify(steps)}`);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });

  it('holds at most one network with its parts beside what it ends at, where room is tight', () => {
    const parts = fc.uniqueArray(fc.integer({ min: 0, max: 15 }), { minLength: 1 });
    const property = fc.property(parts, parts, (wholeBefore, wholeAfter) => {
      const networksOf = (whole: readonly number[]): Network[] =>
        Array.from({ length: 16 }, (_, at) => at).flatMap((at) =>
          (whole.includes(at) ? ['0/31'] : ['0', '1']).map((end) => network(`192.0.${at}.${end}`)),
        );
      const firewall = new Firewall(networksOf(wholeBefore).map((each) => [each, 'ours']));
      const desired = networksOf(wholeAfter);
      const least = Math.max(firewall.entries.size, desired.length);
      const work = new WorkList(firewall.planFor(desired), { isTight: true });
      while (work.waiting > 0) {
        firewall.carryOut(work.take(1, true));
        assert.ok(firewall.entries.size <= least + 2, `${firewall.entries.size} entries`);
      }
    });
    fc.assert(property, { numRuns: 200 });
  });
});

function addressesIn(each: Network): Network[] {
  const { family, first, last } = rangeOf(each);
  return Array.from({ length: Number(last - first) + 1 }, (_, at) =>
    networkFrom(family, first + BigInt(at), addressBits[family]),
  );
}

/** The simplest firewall there can be. */
class Firewall {
  readonly entries: Map<Network, HeldEntry['owner']>;

  constructor(held: readonly (readonly [Network, HeldEntry['owner']])[]) {
    this.entries = new Map(held);
  }

  planFor(desired: readonly Network[]): Plan {
    const held = Array.from(this.entries, ([each, owner]) => ({ network: each, spelling: each, owner }));
    return makePlan(wanted(...desired.map((each, order) => entry(each, order))), new HeldEntries(held).byNetwork);
  }

  carryOut(steps: readonly Step[]): void {
    for (const { verb, entry: each } of steps) {
      if (verb === 'add') this.entries.set(each.network, 'ours');
      else {
        assert.equal(this.entries.get(each.network), 'ours');
        this.entries.delete(each.network);
      }
    }
  }

  blocks(asked: Network): boolean {
    return [...this.entries.keys()].some((each) => covers(each, asked));
  }
}
