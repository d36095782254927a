import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeSource } from '../../../../server/doctor/judge/judge-source.ts';

const good = { name: 'crowdsec/main', failure: undefined, leftOut: 0, malformed: 0 };
const failure = { reason: 'it answered 403', forSeconds: 90 };

describe('the doctor on a source', () => {
  it('says nothing of one that answers', () => {
    assert.deepEqual(judgeSource(good), []);
  });

  for (const [isDenied, command] of [
    [true, /cscli bouncers add/],
    [false, /systemctl status crowdsec/],
  ] as const) {
    it(`says since when one fails, and what to do${isDenied ? ' when the operator must act' : ''}`, () => {
      const [said, ...rest] = judgeSource({ ...good, failure: { ...failure, isDenied } });
      assert.deepEqual([said?.level, said?.code, rest], ['broken', 'source-fails', []]);
      assert.match(said?.fact ?? '', /for 1m 30s, at the last try: it answered 403/);
      assert.match(said?.command ?? '', command);
    });
  }

  it('warns of what is left out', () => {
    const codes = judgeSource({ ...good, leftOut: 7, malformed: 3 }).map(({ code, fact }) => `${code}: ${fact}`);
    assert.deepEqual(codes, [
      'decisions-left-out: left out: 7 of its networks, because there are more than most',
      'decisions-unreadable: left out: 3 of its decisions, which cannot be read',
    ]);
  });
});
