import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EscalationRules } from '../../../server/escalation/escalation-rules.ts';
import type { EscalationSettings } from '../../../server/escalation/escalation-settings.ts';
import { neighbourhoodOf } from '../../../server/escalation/neighbour-counts.ts';
import type { Observation } from '../../../server/escalation/offence.ts';
import { covers, type Network } from '../../../shared/network.ts';
import { network } from '../samples.ts';

const minute = 60_000;
const settings: EscalationSettings = {
  withinMs: 10 * minute,
  steps: [
    { count: 2, forMs: 1_000 },
    { count: 4, forMs: 5_000 },
    { count: 5, forMs: Number.POSITIVE_INFINITY },
  ],
  neighbours: { hosts: 3, withinMs: 5 * minute, forMs: 7_000 },
};

const texts = ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.254', '203.0.113.0/24', '203.0.112.1'];
const networks = [...texts, '2001:db8::1', '2001:db8::2', '2001:db8::ffff:0:3', '2001:db8:0:1::1'].map(network);

/** What happened, with the time that passed before it. */
const anyCourse = fc.array(
  fc.record({
    kind: fc.constantFrom('offence', 'offence', 'offence', 'offence', 'pardon') as fc.Arbitrary<Observation['kind']>,
    network: fc.constantFrom(...networks),
    afterMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 4 * minute }), fc.constant(minute)),
  }),
  { maxLength: 60 },
);

function courseOf(steps: readonly { kind: Observation['kind']; network: Network; afterMs: number }[]): Observation[] {
  let at = 1_000_000;
  return steps.map(({ afterMs, kind, network: each }) => {
    at += afterMs;
    return { kind, network: each, client: 'web1', at };
  });
}

/** The rules as they are told, from all that happened: what the last observation leads to, as text. */
function slowly(course: readonly Observation[]): string[] {
  const now = course.at(-1);
  if (now === undefined || now.kind === 'pardon') return [];
  const repeats = countedOf(course, now.network).filter((at) => at > now.at - settings.withinMs);
  const isCounted = countedOf(course.slice(0, -1), now.network).length < countedOf(course, now.network).length;
  const step = settings.steps.filter(({ count }) => count <= repeats.length).at(-1);
  const found = isCounted && step !== undefined ? [`repeat ${now.network} ${step.forMs}`] : [];
  const around = neighbourhoodOf(now.network);
  const { hosts, withinMs, forMs } = settings.neighbours ?? assert.fail();
  if (around === undefined || addressesOf(course, around, now.at - withinMs) < hosts) return found;
  return [...found, `neighbours ${around} ${forMs}`];
}

/** When a network offended since it was pardoned, without what follows within a minute of what counted. */
function countedOf(course: readonly Observation[], which: Network): number[] {
  let counted: number[] = [];
  for (const { kind, network: each, at } of course) {
    if (each !== which) continue;
    if (kind === 'pardon') counted = [];
    else if (counted.every((before) => at - before >= minute)) counted.push(at);
  }
  return counted;
}

/** How many single addresses in it offended since then and were not pardoned after, nor the whole. */
function addressesOf(course: readonly Observation[], around: Network, since: number): number {
  const last = new Map<Network, number>();
  for (const { kind, network: each, at } of course) {
    if (kind === 'pardon' && each === around) last.clear();
    else if (neighbourhoodOf(each) !== around) continue;
    else if (kind === 'pardon') last.delete(each);
    else last.set(each, at);
  }
  return [...last.values()].filter((at) => at > since).length;
}

const told = (rules: EscalationRules, observation: Observation): string[] =>
  rules.take(observation).map(({ jail, network: which, forMs }) => `${jail} ${which} ${forMs}`);

describe('the rules of escalation', () => {
  it('lead to what the plain model says after anything that happens', () => {
    fc.assert(
      fc.property(anyCourse, (steps) => {
        const rules = new EscalationRules(settings);
        const course = courseOf(steps);
        for (const [at, observation] of course.entries())
          assert.deepEqual(told(rules, observation), slowly(course.slice(0, at + 1)));
      }),
      { numRuns: 500 },
    );
  });

  it('keep no more than they may, and then forget, but never count too much', () => {
    fc.assert(
      fc.property(anyCourse, fc.integer({ min: 10, max: 14 }), (steps, keptMax) => {
        const rules = new EscalationRules(settings, keptMax);
        const course = courseOf(steps);
        for (const [at, observation] of course.entries()) {
          const expected = slowly(course.slice(0, at + 1));
          for (const each of told(rules, observation)) {
            const [jail, which, forMs] = each.split(' ');
            const [, , mostMs] = expected.find((other) => other.startsWith(`${jail} ${which} `))?.split(' ') ?? [];
            assert.ok(Number(forMs) <= Number(mostMs), `${each}, not ${expected}`);
          }
          const { offences, neighbours } = rules.kept;
          assert.ok(offences <= keptMax && neighbours <= keptMax, `${offences} ${neighbours}`);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('keep the networks that offended last', () => {
    const rules = new EscalationRules(settings, 10);
    const address = (last: number): Network => network(`198.51.${last}.1`);
    for (let last = 1; last <= 12; last += 1)
      rules.take({ kind: 'offence', network: address(last), client: 'web1', at: last });
    assert.equal(rules.kept.networks, 7);
    assert.deepEqual(rules.take({ kind: 'offence', network: address(1), client: 'web1', at: minute + 20 }), []);
    assert.equal(rules.take({ kind: 'offence', network: address(8), client: 'web1', at: minute + 20 }).length, 1);
  });

  it('forget by themselves what is too old to count', () => {
    const rules = new EscalationRules(settings);
    const offend = (count: number, at: number): void => {
      for (let each = 0; each < count; each += 1)
        rules.take({ kind: 'offence', network: network(`203.0.${each}.1`), client: 'web1', at });
    };
    offend(200, 0);
    offend(1, settings.withinMs + 1);
    offend(1, 2 * settings.withinMs + 2);
    assert.deepEqual(rules.kept, { offences: 1, networks: 1, neighbours: 1 });
  });

  it('go on counting when the clock is set back', () => {
    const rules = new EscalationRules(settings);
    const which = network('203.0.113.1');
    const day = 1_440 * minute;
    rules.take({ kind: 'offence', network: which, client: 'web1', at: 2 * day });
    const [first] = rules.take({ kind: 'offence', network: which, client: 'web1', at: day });
    assert.equal(first?.forMs, 1_000);
  });

  it('know the neighbourhood of single addresses only', () => {
    const found = (text: string) => neighbourhoodOf(network(text));
    assert.deepEqual(['203.0.113.7', '203.0.113.0/31', '2001:db8::7', '2001:db8::/64', '255.255.255.255'].map(found), [
      '203.0.113.0/24',
      undefined,
      '2001:db8::/64',
      undefined,
      '255.255.255.0/24',
    ]);
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        const address = network([24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join('.'));
        const around = neighbourhoodOf(address);
        assert.ok(around?.endsWith('.0/24') && covers(around, address));
      }),
    );
  });
});
