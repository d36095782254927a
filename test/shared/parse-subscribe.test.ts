import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { limits } from '../../shared/limits.ts';
import { parseSubscribe } from '../../shared/parse-subscribe.ts';
import { openFilter } from '../../shared/report-filter.ts';

const request = (jails: number, sites: number): Readonly<Record<string, unknown>> => {
  const patterns = (count: number): string[] => Array.from({ length: count }, (_, at) => `x${at}*`);
  const filter = { ...openFilter, jails: patterns(jails), labels: { site: patterns(sites) } };
  return { type: 'subscribe', after: null, ledger: '', own: false, filters: [filter, openFilter] };
};

describe('a wish for a feed', () => {
  it('may have so many patterns in all of its filters together, because each report is compared with each', () => {
    const half = limits.filterPatternsMax / 2;
    assert.equal(parseSubscribe(request(half, half)).filters.length, 2);
    assert.throws(() => parseSubscribe(request(half, half + 1)), /filters: .*101.* is not up to 100 patterns in all/);
  });
});
