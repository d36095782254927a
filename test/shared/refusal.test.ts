import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isRefusalCode, isTemporary, quote, type RefusalCode, refusalKinds } from '../../shared/refusal.ts';

describe('quote', () => {
  for (const [value, text] of [
    ['sshd', '"sshd"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['a\nb\u001b[31m', '"a\\nb\\u001b[31m"'],
    ['\u007f\u0085\u2028\u2029', '"\\u007f\\u0085\\u2028\\u2029"'],
    ['x'.repeat(81), `"${'x'.repeat(80)}…"`],
    [7, '"7"'],
    [null, '"null"'],
    [undefined, '"undefined"'],
    [{ a: 1 }, '"{…}"'],
    [['a'], '"[…]"'],
    [deepList(), '"[…]"'],
  ] as const) {
    it(`shows ${typeof value} as ${text.slice(0, 40)}`, () => assert.equal(quote(value), text));
  }

  it('is one printable line of bounded length, whatever the value', () => {
    const property = fc.property(fc.anything(), (value) => {
      const text = quote(value);
      assert.doesNotMatch(text, /[\p{Cc}\u2028\u2029]/u);
      assert.ok(text.length <= 6 * 81 + 2);
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

describe('refusal codes', () => {
  it('are known by their text', () => {
    assert.ok(Object.keys(refusalKinds).every(isRefusalCode));
    for (const text of ['', 'nonsense', 'constructor', '__proto__', 7, null]) assert.equal(isRefusalCode(text), false);
  });

  it('say whether to send again', () => {
    const temporary = (Object.keys(refusalKinds) as RefusalCode[]).filter(isTemporary);
    assert.ok(temporary.includes('rate-limited') && temporary.includes('ledger-unavailable'));
    assert.equal(isTemporary('whitelisted'), false);
  });
});

/** Deeper than a recursive writer has stack for; the parser of JSON does not recurse. */
function deepList(): unknown {
  return JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
}
