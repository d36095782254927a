import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeldEntry } from '../../../shared/enforcer.ts';
import { judgeNetwork, type NetworkState } from '../../../shared/reconcile/judge-network.ts';
import type { ReconcilerState } from '../../../shared/reconciler.ts';
import { network } from '../../contracts/reconciler-bench.ts';

const held = (text: string, owner: HeldEntry['owner']): HeldEntry => ({
  network: network(text),
  spelling: text,
  owner,
});
const ours = held('192.0.2.1', 'ours');
const theirs = held('192.0.2.0/24', 'theirs');
const inSync: ReconcilerState = { kind: 'in-sync', sinceMs: 1 };
const failing: ReconcilerState = { kind: 'failing', code: 'retry', reason: 'it is down', sinceMs: 7 };

type State = NetworkState['state'];
const every: readonly State[] = ['in-force', 'absent', 'pending', 'refused', 'failing', 'left-out'];

/** What holds the network, why it is refused, how the firewall is, whether nothing is planned; then what that means when it is wanted or not. */
const table: readonly (readonly [
  holders: readonly HeldEntry[] | undefined,
  refusal: string | undefined,
  reconciler: ReconcilerState,
  isLeftOut: boolean,
  wanted: State,
  unwanted: State,
])[] = [
  [[ours], undefined, inSync, true, 'in-force', 'pending'],
  [[ours, theirs], undefined, inSync, true, 'in-force', 'in-force'],
  [[theirs], 'no', failing, false, 'in-force', 'in-force'],
  [[], undefined, inSync, true, 'left-out', 'absent'],
  [[], undefined, inSync, false, 'pending', 'absent'],
  [[], 'no', inSync, true, 'refused', 'absent'],
  [[], 'no', failing, false, 'refused', 'absent'],
  [[ours], 'no', inSync, true, 'in-force', 'refused'],
  [undefined, undefined, failing, false, 'failing', 'failing'],
  [undefined, 'no', failing, false, 'refused', 'refused'],
  [undefined, undefined, { kind: 'starting' }, false, 'pending', 'pending'],
  [[], undefined, failing, false, 'failing', 'absent'],
];

describe('what a firewall does about a network', () => {
  for (const [holders, refusal, reconciler, isLeftOut, wanted, unwanted] of table) {
    const what =
      holders?.map(({ owner }) => owner).join(' and ') || (holders === undefined ? 'nobody knows' : 'nobody');
    const name = `${what} holding it, ${refusal === undefined ? 'not ' : ''}refused, ${reconciler.kind}`;
    it(`is ${wanted} when it is wanted, else ${unwanted}: ${name}`, () => {
      const judge = (isWanted: boolean): State =>
        judgeNetwork({ isWanted, holders, refusal, reconciler, isLeftOut }).state;
      assert.deepEqual([judge(true), judge(false)], [wanted, unwanted]);
    });
  }

  it('is each of its states in some case', () => {
    const seen = new Set(table.flatMap(([, , , , wanted, unwanted]) => [wanted, unwanted]));
    assert.deepEqual([...seen].sort(), [...every].sort());
  });
});
