import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Evidence, goneMs, judgeMissing, unprovenMs, type Verdict } from '../../../client/jails/judge-missing.ts';

const missing: Evidence = { missingMs: goneMs, isStored: undefined, wasHeld: false, quietMs: 0 };

const table: readonly (readonly [what: string, evidence: Partial<Evidence>, verdict: Verdict])[] = [
  ['in the database', { isStored: true }, 'to-come'],
  ['in the database, however long it is missing', { isStored: true, missingMs: 1e9, quietMs: 1e9 }, 'to-come'],
  ['in the database, though this process held it', { isStored: true, wasHeld: true }, 'to-come'],
  ['not in the database, missing for less', { isStored: false, missingMs: goneMs - 1 }, 'wait'],
  ['not in the database', { isStored: false }, 'gone'],
  ['without a database, held by this process', { wasHeld: true }, 'gone'],
  ['without a database, held by this process, missing for less', { wasHeld: true, missingMs: goneMs - 1 }, 'wait'],
  ['without a database, never seen', {}, 'unproven'],
  ['without a database, never seen, nothing restored for long', { quietMs: unprovenMs }, 'gone'],
  ['without a database, never seen, nothing restored for nearly as long', { quietMs: unprovenMs - 1 }, 'unproven'],
];
for (const [what, evidence, verdict] of table) {
  test(`judges a network ${what}: ${verdict}`, () => {
    assert.equal(judgeMissing({ ...missing, ...evidence }), verdict);
  });
}
