import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FairQueue } from '../../../server/bans/fair-queue.ts';

describe('FairQueue', () => {
  it('takes what costs little of one client before the rest of what another handed over', () => {
    const queue = new FairQueue<string>();
    for (let frame = 1; frame <= 9; frame += 1) queue.add(`flood ${frame}`, { client: 'flood', cost: 500 });
    assert.deepEqual(queue.take(1_000), ['flood 1', 'flood 2']);
    queue.add('lone', { client: 'web1', cost: 1 });
    assert.deepEqual(queue.take(1_000), ['lone', 'flood 3']);
  });

  it('takes what is nobody’s turn before all else, in its order', () => {
    const queue = new FairQueue<string>();
    queue.add('ban', { client: 'web1', cost: 1 });
    queue.add('unban');
    queue.add('allow');
    assert.deepEqual(queue.take(1_000), ['unban', 'allow', 'ban']);
  });

  it('takes at least one, however dear', () => {
    const queue = new FairQueue<string>();
    queue.add('list', { client: 'web1', cost: 20_000 });
    assert.deepEqual(queue.take(1_000), ['list']);
    assert.deepEqual(queue.take(1_000), []);
  });

  it('owes nobody anything for what was served while nobody else waited', () => {
    const queue = new FairQueue<string>();
    queue.add('a1', { client: 'a', cost: 500 });
    queue.take(1_000);
    queue.add('a2', { client: 'a', cost: 1 });
    queue.add('b1', { client: 'b', cost: 1 });
    assert.deepEqual(queue.take(1_000), ['a2', 'b1']);
  });

  it('keeps the order of each client, and loses nothing', () => {
    const step = fc.oneof(
      fc.record({ client: fc.constantFrom('a', 'b', 'c'), cost: fc.integer({ min: 1, max: 500 }) }),
      fc.constant('take' as const),
    );
    const property = fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = new FairQueue<{ client: string; at: number }>();
      const taken: { client: string; at: number }[] = [];
      for (const [at, each] of steps.entries()) {
        if (each === 'take') taken.push(...queue.take(600));
        else queue.add({ client: each.client, at }, each);
      }
      while (queue.size > 0) taken.push(...queue.take(600));
      assert.equal(queue.cost, 0);
      assert.equal(taken.length, steps.filter((each) => each !== 'take').length);
      for (const client of ['a', 'b', 'c']) {
        const order = taken.filter((each) => each.client === client).map(({ at }) => at);
        assert.deepEqual(
          order,
          order.toSorted((a, b) => a - b),
        );
      }
    });
    fc.assert(property);
  });

  it('serves clients that always want more alike, however large their pieces are', () => {
    const costs = fc.array(fc.integer({ min: 100, max: 500 }), { minLength: 2, maxLength: 6 });
    const property = fc.property(costs, (sizes) => {
      const served = serveBusy(sizes);
      assert.ok(Math.max(...served) - Math.min(...served) <= 2 * 500 + 1_000, served.join());
    });
    fc.assert(property, { numRuns: 50 });
  });
});

/** What each client got in 200 turns while all always have more: by the cost of each one's pieces. */
function serveBusy(costs: readonly number[]): number[] {
  const queue = new FairQueue<{ readonly client: number; readonly cost: number }>();
  const served = costs.map(() => 0);
  const hand = (client: number, cost: number): void => queue.add({ client, cost }, { client: String(client), cost });
  for (const [client, cost] of costs.entries()) for (let ahead = 0; ahead < 16; ahead += 1) hand(client, cost);
  for (let turn = 0; turn < 200; turn += 1) {
    for (const { client, cost } of queue.take(1_000)) {
      served[client] = (served[client] ?? 0) + cost;
      hand(client, cost);
    }
  }
  return served;
}
