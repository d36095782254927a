import assert from 'node:assert/strict';
import { it } from 'node:test';
import { statusText } from '../../../shared/host/status-text.ts';

it('is one line with what is wrong in front, and has an end', () => {
  assert.equal(statusText([], ['2 bans', '1 host connected']), '2 bans, 1 host connected');
  assert.equal(statusText(['a FAILS: x\nREADY=1', 'b'], []), 'a FAILS: x READY=1; b');
  assert.equal(statusText(['w'], ['r']), 'w; r');
  assert.equal(statusText(['x'.repeat(1_000)], []).length, 500);
});
