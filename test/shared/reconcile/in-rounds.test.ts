import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DesiredEntry } from '../../../shared/enforcer.ts';
import { inRounds } from '../../../shared/reconcile/in-rounds.ts';
import { entry } from '../../contracts/reconciler-bench.ts';

function claimed(client: string, order: number): DesiredEntry {
  return { ...entry(`192.0.2.${order}`, order), client };
}

describe('inRounds', () => {
  it('puts each client’s newest first, then each one’s second newest', () => {
    const flood = [9, 8, 7, 6].map((order) => claimed('flood', order));
    const others = [claimed('web1', 2), claimed('web1', 5), claimed('web2', 1)];
    const order = inRounds([...others, ...flood]).map((each) => `${each.client} ${each.order}`);
    assert.deepEqual(order, ['flood 9', 'web1 5', 'web2 1', 'flood 8', 'web1 2', 'flood 7', 'flood 6']);
  });

  it('puts the newest first where nobody is told apart', () => {
    const orders = inRounds([2, 9, 4].map((order) => entry(`192.0.2.${order}`, order))).map(({ order }) => order);
    assert.deepEqual(orders, [9, 4, 2]);
  });
});
