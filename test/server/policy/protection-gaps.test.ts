import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pino } from 'pino';
import { ProtectionGaps } from '../../../server/policy/protection-gaps.ts';

describe('gaps in what is protected', () => {
  it('are listed with their source as long as there are any, and each change has one line', () => {
    const lines: string[] = [];
    const gaps = new ProtectionGaps(pino({ base: null }, { write: (line) => lines.push(line) }));
    gaps.note('in management', []);
    gaps.note('in management', ['home (no such alias)']);
    gaps.note('in management', ['home (no such alias)']);
    assert.deepEqual(gaps.list(), [{ reason: 'in management', unknown: ['home (no such alias)'] }]);
    gaps.note('in management', []);
    assert.deepEqual(gaps.list(), []);
    assert.deepEqual(
      lines.map((line) => /"msg":"(.*?)"/.exec(line)?.[1]),
      ['not all is known that must not be banned', 'all is known again that must not be banned'],
    );
  });
});
