import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseGoDuration } from '../../../../server/sources/crowdsec/go-duration.ts';

describe('a duration of Go', () => {
  for (const [text, ms] of [
    ['3h51m48.32s', 13_908_320],
    ['-27.268988ms', -27.268988],
    ['9m59.53s', 599_530],
    ['0', 0],
    ['0s', 0],
    ['+5s', 5_000],
    ['.5s', 500],
    ['1.s', 1_000],
    ['100µs', 0.1],
    ['100μs', 0.1],
    ['100us', 0.1],
    ['5000000ns', 5],
    ['87599h59m59s', 315_359_999_000],
    ['2562047h47m16.854775807s', 9_223_372_036_854.775],
  ] as const) {
    it(`${text} is ${ms} ms`, () => {
      const parsed = parseGoDuration(text) ?? Number.NaN;
      assert.ok(Math.abs(parsed - ms) <= Math.abs(ms) * 1e-9, `${parsed}`);
    });
  }

  for (const text of [
    '',
    's',
    '.s',
    '5',
    '-',
    '--5s',
    '5 s',
    ' 5s',
    '5s ',
    '5s\n',
    '5S',
    '5d',
    '1e3s',
    '0x5s',
    '٣s',
    'Infinitys',
    '2562048h',
    `${'9'.repeat(60)}h`,
    `${'1s'.repeat(33)}`,
  ]) {
    it(`${JSON.stringify(text)} is none`, () => {
      assert.equal(parseGoDuration(text), undefined);
    });
  }

  it('is read as it is written, whatever its parts', () => {
    const part = fc.nat(999);
    fc.assert(
      fc.property(fc.nat(100_000), part, part, part, (hours, minutes, seconds, fraction) => {
        const text = `${hours}h${minutes}m${seconds}.${String(fraction).padStart(3, '0')}s`;
        const ms = hours * 3_600_000 + minutes * 60_000 + seconds * 1_000 + fraction;
        assert.ok(Math.abs((parseGoDuration(text) ?? Number.NaN) - ms) < 1e-3);
        assert.ok(Math.abs((parseGoDuration(`-${text}`) ?? Number.NaN) + ms) < 1e-3);
      }),
    );
  });

  it('is finite or none, whatever the text', () => {
    const characters = fc.string({ unit: fc.constantFrom(...'0123456789.+-hmsunµ '), maxLength: 80 });
    fc.assert(
      fc.property(fc.oneof(characters, fc.string({ unit: 'binary' })), (text) => {
        const ms = parseGoDuration(text);
        assert.ok(ms === undefined || Number.isFinite(ms));
      }),
    );
  });
});
