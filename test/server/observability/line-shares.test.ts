import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { pino } from 'pino';
import { LineShares, toldEachMs } from '../../../server/observability/line-shares.ts';
import { ManualClock } from '../../manual-clock.ts';

describe('LineShares', () => {
  it('writes or counts every line, whoever has how many written when', () => {
    const step = fc.record({
      by: fc.constantFrom('web1', 'web2'),
      about: fc.constantFrom('bans', 'unbans'),
      ms: fc.nat(9_999),
    });
    const property = fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const lines: { by?: string; more?: number }[] = [];
      const log = pino({}, { write: (line) => lines.push(JSON.parse(line)) });
      const clock = new ManualClock();
      const shares = new LineShares({ log, clock, limit: { perSecond: 1, burst: 5 } });
      for (const { by, about, ms } of steps) {
        shares.write({ level: 'info', by, about, fields: { by }, message: 'done' });
        clock.advance(ms % 7 === 0 ? ms : 0);
      }
      clock.advance(toldEachMs);
      for (const by of ['web1', 'web2']) {
        const told = lines.filter((line) => line.by === by).reduce((sum, { more = 1 }) => sum + more, 0);
        assert.equal(told, steps.filter((each) => each.by === by).length);
      }
      assert.equal(clock.waiting, 0);
    });
    fc.assert(property, { numRuns: 50 });
  });
});
