import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UnreadAnswers } from '../../../server/http/unread-answers.ts';

function listen(maxBytes: number) {
  const cut: string[] = [];
  const unread = new UnreadAnswers(maxBytes);
  const hold = (client: string, bytes: number | Buffer): (() => void) =>
    unread.hold(client, typeof bytes === 'number' ? Buffer.alloc(bytes) : bytes, () => cut.push(client));
  return { cut, unread, hold };
}

describe('UnreadAnswers', () => {
  it('cuts the oldest answer of whoever holds most', () => {
    const { cut, unread, hold } = listen(100);
    hold('slow', 40);
    hold('slow', 40);
    hold('web1', 20);
    assert.deepEqual(cut, []);
    hold('web2', 10);
    assert.deepEqual([cut, unread.bytes], [['slow'], 70]);
  });

  it('counts a body once that several read', () => {
    const { cut, unread, hold } = listen(100);
    const body = Buffer.alloc(80);
    for (const client of ['a', 'b', 'c']) hold(client, body);
    assert.deepEqual([cut, unread.bytes], [[], 80]);
  });

  it('lets who comes last have an answer that is longer than all may be', () => {
    const { cut, unread, hold } = listen(100);
    hold('web1', 10);
    hold('web2', 500);
    assert.deepEqual([cut, unread.bytes], [['web1'], 500]);
  });

  it('forgets what has left', () => {
    const { cut, unread, hold } = listen(100);
    hold('web1', 90)();
    hold('web1', 90);
    assert.deepEqual([cut, unread.bytes], [[], 90]);
  });
});
