import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { failureOf, parseAnswer } from '../../../server/outgoing/answer-parts.ts';

function wordsOf(body: string, partsMax = 1_000): string {
  const answer = parseAnswer(body, partsMax);
  return answer.kind === 'parsed' ? 'parsed' : answer.why;
}

describe('parseAnswer', () => {
  for (const [name, body, expected] of [
    ['a list', '{"data":[{"cidr":"192.0.2.1"}]}', 'parsed'],
    ['two million levels', `{"data":${'['.repeat(2e6)}${']'.repeat(2e6)}}`, 'has more than 64 levels'],
    ['two million levels of objects', '{"a":'.repeat(2e6), 'has more than 64 levels'],
    ['64 levels', `${'['.repeat(64)}${']'.repeat(64)}`, 'parsed'],
    ['many short lists', `[${'[],'.repeat(900)}[]]`, 'has more than 1000 parts'],
    ['many values', `[${'1,'.repeat(1_001)}1]`, 'has more than 1000 parts'],
    ['brackets and quotes within a text', JSON.stringify(['["\\'.repeat(2_000)]), 'parsed'],
    ['a text that does not end', '["', 'is not JSON, or not all of it'],
    ['nothing', '', 'is not JSON, or not all of it'],
  ] as const)
    it(`${name}: ${expected}`, () => assert.equal(wordsOf(body), expected));

  it('takes all JSON that is neither deep nor long, as it is', () => {
    const property = fc.property(fc.json({ maxDepth: 20 }), (json) => {
      assert.deepEqual(parseAnswer(json, 100_000), { kind: 'parsed', value: JSON.parse(json) });
    });
    fc.assert(property);
  });
});

describe('failureOf', () => {
  it('is the object that says why, and nothing for what is deep or none', () => {
    assert.deepEqual(failureOf('{"message":"no"}'), { message: 'no' });
    for (const body of ['[]', 'no', '['.repeat(2e6)]) assert.equal(failureOf(body), undefined);
  });
});
