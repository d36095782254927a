import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Positions, unnotedMax } from '../../../../server/http/crowdsec/positions.ts';
import type { Client } from '../../../../server/ledger/ledger.ts';
import { StreamUnderTest } from './stream-under-test.ts';

/** Changes that are of no concern to a bouncer, and how many of them are still unknown to a server that is started again. */
const courses: readonly (readonly [changes: number, unnoted: number])[] = [
  [0, 0],
  [1, 1],
  [unnotedMax - 1, unnotedMax - 1],
  [unnotedMax, 0],
  [unnotedMax + 1, 0],
];

describe('a bouncer that had nothing to be told', () => {
  for (const [changes, unnoted] of courses) {
    it(`of ${changes} changes has ${unnoted} read for it after a restart`, async () => {
      const stream = await StreamUnderTest.start();
      const edge = await stream.enroll({ name: 'edge' });
      const { clients, record } = stream.core;
      const positions = new Positions(clients, record);
      const first = 100;
      await answerEmpty(positions, edge, first);
      // The next question notes how far this one was answered.
      for (let count = 0; count < 2; count += 1) await answerEmpty(positions, edge, first + changes);
      const base = await new Positions(clients, record).answer(
        edge,
        () => first + changes,
        async (turn) => turn.base,
      );
      assert.deepEqual(base, { kind: 'recorded', sequence: first + changes - unnoted });
    });
  }
});

/** Nothing of what stands at `sequence` is new to the bouncer. */
async function answerEmpty(positions: Positions, client: Client, sequence: number): Promise<void> {
  const position = { kind: 'live', sequence, policyTick: 0, isPaused: false, horizon: 0, client } as const;
  await positions.answer(
    client,
    () => sequence,
    async (turn) => turn.left(position, true),
  );
}
