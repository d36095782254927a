import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textOf } from '../../../client/commands/answers.ts';

describe('textOf', () => {
  it('shows texts and numbers, and nothing for the rest', () => {
    assert.deepEqual(['pve1', 7, undefined, null, {}].map(textOf), ['pve1', '7', '', '', '']);
  });

  it('lets nothing through that a terminal would obey', () => {
    assert.equal(textOf('a\u001b]0;title\u0007\u009b2J\nb'), 'a\ufffd]0;title\ufffd\ufffd2J\ufffdb');
  });
});
