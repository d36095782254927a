import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeProxies } from '../../../server/doctor/judge/judge-proxies.ts';
import { SharedRefusalCounts } from '../../../server/observability/shared-refusals.ts';
import { ManualClock } from '../../manual-clock.ts';

const decision = (network: string, code: 'infrastructure' | 'too-wide' | 'recorded', jail = 'nginx') =>
  ({ client: 'web1', verb: 'ban', network, jail, code }) as const;

describe('refusals of what many share', () => {
  it('are counted for each host, with the newest examples, and are a finding from the third on', () => {
    const counts = new SharedRefusalCounts(new ManualClock(0));
    counts.note(decision('203.0.113.1', 'recorded'));
    counts.note(decision('203.0.0.0/8', 'too-wide'));
    assert.deepEqual(counts.list(), []);
    for (const last of [1, 2]) counts.note(decision(`104.16.1.${last}`, 'infrastructure'));
    assert.deepEqual(judgeProxies(counts.list()), []);
    for (const last of [3, 4]) counts.note(decision(`104.16.1.${last}`, 'infrastructure', 'wordpress'));
    const [said, ...others] = judgeProxies(counts.list());
    assert.deepEqual([said?.level, said?.code, others], ['warning', 'proxy-banned', []]);
    assert.match(said?.fact ?? '', /^web1 wanted 4 bans since 1970-01-01 .*104\.16\.1\.4.*wordpress/);
    assert.match(said?.consequence ?? '', /does the log of web1 see its reverse proxy/);
  });
});
