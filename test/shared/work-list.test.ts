import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WorkList } from '../../shared/work-list.ts';
import { entry, network } from '../contracts/reconciler-bench.ts';

function workList(): WorkList {
  const held = (text: string) => ({ network: network(text), spelling: text, owner: 'ours' }) as const;
  return new WorkList({
    additions: [entry('192.0.2.1'), entry('192.0.2.2')],
    removals: [held('192.0.2.3'), held('192.0.2.4')],
    lateRemovals: [held('192.0.2.0/30')],
  });
}

function take(work: WorkList, most: number, removalFirst = false): string[] {
  return work.take(most, removalFirst).map(({ verb, entry: { network: each } }) => `${verb} ${each}`);
}

describe('WorkList', () => {
  it('takes additions, then removals, then late removals', () => {
    const work = workList();
    assert.equal(work.waiting, 5);
    assert.deepEqual(take(work, 9), [
      'add 192.0.2.1',
      'add 192.0.2.2',
      'remove 192.0.2.3',
      'remove 192.0.2.4',
      'remove 192.0.2.0/30',
    ]);
    assert.equal(work.waiting, 0);
    assert.deepEqual(take(work, 9), []);
  });

  it('takes no more than asked for', () => {
    const work = workList();
    assert.deepEqual(take(work, 1), ['add 192.0.2.1']);
    assert.equal(work.waiting, 4);
  });

  it('takes removals first when it is their turn, but late ones never before an addition', () => {
    const work = workList();
    assert.deepEqual(take(work, 3, true), ['remove 192.0.2.3', 'remove 192.0.2.4', 'add 192.0.2.1']);
    assert.deepEqual(take(work, 1, true), ['add 192.0.2.2']);
    assert.deepEqual(take(work, 1, true), ['remove 192.0.2.0/30']);
  });

  it('takes what takes over with what it takes over from, before other additions, where there is no room for all', () => {
    const held = (text: string) => ({ network: network(text), spelling: text, owner: 'ours' }) as const;
    const plan = {
      additions: [entry('203.0.113.1'), entry('192.0.2.0/31'), entry('192.0.2.8'), entry('192.0.2.10/31')],
      removals: [held('203.0.113.9')],
      lateRemovals: [held('192.0.2.0'), held('192.0.2.8/30'), held('192.0.2.1')],
    };
    const work = new WorkList(plan, { isTight: true });
    assert.equal(work.waiting, 8);
    assert.deepEqual(take(work, 8, true), [
      'remove 203.0.113.9',
      'add 192.0.2.0/31',
      'remove 192.0.2.0',
      'remove 192.0.2.1',
      'add 192.0.2.8',
      'add 192.0.2.10/31',
      'remove 192.0.2.8/30',
      'add 203.0.113.1',
    ]);
    const other = new WorkList(plan, { isTight: true });
    assert.deepEqual(take(other, 2), ['add 203.0.113.1', 'remove 203.0.113.9']);
  });
});
