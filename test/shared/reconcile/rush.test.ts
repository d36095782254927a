import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeldEntry, Step } from '../../../shared/enforcer.ts';
import type { Plan } from '../../../shared/plan.ts';
import { rush } from '../../../shared/reconcile/rush.ts';
import { entry, network } from '../../contracts/reconciler-bench.ts';

function held(text: string): HeldEntry {
  return { network: network(text), spelling: text, owner: 'ours' };
}

function wordsOf(steps: readonly Step[]): string[] {
  return steps.map(({ verb, entry: { network: which } }) => `${verb} ${which}`);
}

const backlog = [entry('198.51.100.1'), entry('198.51.100.3')];

describe('rush', () => {
  it('takes a network out before a backlog of additions and removals', () => {
    const removals = [held('203.0.113.1'), held('203.0.113.7')];
    const plan: Plan = { additions: backlog, removals, lateRemovals: [] };
    const { first, rest, networks } = rush(plan, new Set([network('203.0.113.7')]));
    assert.deepEqual(wordsOf(first), ['remove 203.0.113.7']);
    assert.deepEqual(rest, { additions: backlog, removals: [removals[0]], lateRemovals: [] });
    assert.deepEqual([...networks], ['203.0.113.7']);
  });

  it('adds the parts of a CIDR that stay banned before it takes the CIDR out', () => {
    const additions = [...backlog, entry('203.0.113.6')];
    const plan: Plan = { additions, removals: [], lateRemovals: [held('203.0.113.6/31')] };
    const { first, rest } = rush(plan, new Set([network('203.0.113.7')]));
    assert.deepEqual(wordsOf(first), ['add 203.0.113.6', 'remove 203.0.113.6/31']);
    assert.deepEqual(rest, { additions: backlog, removals: [], lateRemovals: [] });
  });

  it('forgets what is no longer held', () => {
    const plan: Plan = { additions: backlog, removals: [held('203.0.113.1')], lateRemovals: [] };
    const { first, rest, networks } = rush(plan, new Set([network('203.0.113.7')]));
    assert.deepEqual([first, networks.size, rest], [[], 0, plan]);
  });
});
