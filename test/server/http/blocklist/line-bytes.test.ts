import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LineBytes } from '../../../../server/http/blocklist/line-bytes.ts';
import { instantWriter, spanWriter } from '../../../../server/http/blocklist/write-times.ts';

function written(write: (to: LineBytes) => void): string {
  const to = new LineBytes();
  write(to);
  return to.end().toString('latin1');
}

const asciiText = fc.string({ unit: 'binary-ascii', maxLength: 50 });

describe('the bytes of lines', () => {
  it('are the text, the bytes and the numbers that were written, one after the other', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(asciiText, fc.maxSafeNat())), (parts) => {
        const expected = parts.map(([text, value]) => `${text}|${value}`).join('');
        const lines = written((to) => {
          for (const [text, value] of parts) {
            to.text(text);
            to.put(Buffer.from('|'));
            to.number(value);
          }
        });
        assert.equal(lines, expected);
      }),
    ));

  it('have as many digits as were asked for', () =>
    fc.assert(
      fc.property(fc.nat({ max: 999_999_999 }), (value) => {
        assert.equal(
          written((to) => to.digits(value, 9)),
          String(value).padStart(9, '0'),
        );
      }),
    ));

  it('make room for as many as there are, and keep little more', () => {
    for (const reserved of [0, 100, 3_000_000, 7_000_000, 100_000_000]) {
      const to = new LineBytes();
      const long = 'x'.repeat(3_000_000);
      to.text('first');
      to.reserve(reserved);
      to.text(long);
      to.put(Buffer.from(long));
      assert.equal(to.length, 6_000_005);
      assert.equal(Buffer.from(to.from(5)).toString(), long + long);
      const all = to.end();
      assert.equal(all.toString(), `first${long}${long}`);
      assert.ok(all.buffer.byteLength < 1.3 * all.length, `${all.buffer.byteLength} bytes are kept`);
    }
  });

  it('of little text keep little', () => {
    const to = new LineBytes();
    to.text('little');
    assert.ok(to.end().buffer.byteLength <= Buffer.poolSize);
  });
});

describe('times in lists', () => {
  it('are instants in UTC', () =>
    fc.assert(
      fc.property(
        fc.array(fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })),
        (dates) => {
          const write = instantWriter();
          const lines = written((to) => {
            for (const date of dates) write(to, date.getTime());
          });
          assert.equal(lines, dates.map((date) => `${date.toISOString().slice(0, 19)}Z`).join(''));
        },
      ),
    ));

  it('are spans whose parts make the whole, each below the next', () =>
    fc.assert(
      fc.property(fc.nat({ max: 4_000_000_000 }), (seconds) => {
        const [days = 0, hours = 0, minutes = 0, rest = 0] = written((to) => spanWriter()(to, seconds))
          .split(/[dhms]/)
          .map(Number);
        assert.equal(((days * 24 + hours) * 60 + minutes) * 60 + rest, seconds);
        assert.ok(hours < 24 && minutes < 60 && rest < 60);
      }),
    ));
});
