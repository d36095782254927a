import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeDisk } from '../../../../server/doctor/judge/judge-disk.ts';

const mebibyte = 1_048_576;

describe('the disk of the ledger', () => {
  /** MiB free, MiB in all. */
  const cases: readonly (readonly [number, number, readonly string[]])[] = [
    [100_000, 1_000_000, []],
    [512, 1_000_000, []],
    [511, 1_000_000, ['disk-low']],
    [100, 1_000, []],
    [64, 1_400, ['disk-low']],
    [63, 1_000_000, ['disk-full']],
    [0, 1_000_000, ['disk-full']],
  ];
  for (const [free, total, expected] of cases) {
    it(`with ${free} of ${total} MiB left is ${expected.join() || 'well'}`, () => {
      const facts = { kind: 'read', folder: '/x', freeBytes: free * mebibyte, totalBytes: total * mebibyte } as const;
      assert.deepEqual(
        judgeDisk(facts).map(({ code }) => code),
        expected,
      );
    });
  }
});
