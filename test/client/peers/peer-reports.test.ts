import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PeerReports } from '../../../client/peers/peer-reports.ts';
import { UplinkError } from '../../../client/uplink-error.ts';
import type { FeedBan, FeedFrame, FeedKey } from '../../../shared/frames.ts';
import { parseFrameToClient } from '../../../shared/parse-frame-to-client.ts';
import { network } from '../../server/samples.ts';

const now = 1_000_000;
const key = (text: string): FeedKey => [network(text), 'web1', 'sshd'];
const ban = (text: string, ttlSeconds: number | null = null): FeedBan => [...key(text), ttlSeconds];

function frame(part: FeedFrame['part'], sequence: number, rest: Partial<FeedFrame> = {}): FeedFrame {
  return { type: 'feed', part, ledger: 'a', sequence, paused: false, bans: [], ended: [], ...rest };
}

function known(...texts: readonly string[]): PeerReports {
  const reports = new PeerReports();
  reports.begin([]);
  reports.take(frame('snapshot-end', 10, { bans: texts.map((text) => ban(text)) }), now);
  return reports;
}

const networksOf = (reports: PeerReports): string[] => Array.from(reports.values(), (report) => report.network);

describe('what a server tells of others', () => {
  it('is known with the end of a snapshot, not before', () => {
    const reports = new PeerReports();
    reports.take(frame('snapshot', 10, { bans: [ban('203.0.113.1')] }), now);
    assert.deepEqual([reports.isKnown, networksOf(reports)], [false, []]);
    reports.take(frame('snapshot-end', 10, { bans: [ban('203.0.113.2', 60)] }), now);
    assert.deepEqual([reports.isKnown, networksOf(reports)], [true, ['203.0.113.1', '203.0.113.2']]);
    assert.deepEqual(
      Array.from(reports.values(), ({ endsAt }) => endsAt),
      [Number.POSITIVE_INFINITY, now + 60_000],
    );
  });

  it('stays until a new snapshot has come whole', () => {
    const reports = known('203.0.113.1');
    reports.take(frame('snapshot', 20, { bans: [ban('203.0.113.2')] }), now);
    assert.deepEqual(networksOf(reports), ['203.0.113.1']);
    const { after, ledger } = reports.begin([]);
    assert.deepEqual({ after, ledger }, { after: 10, ledger: 'a' });
    reports.take(frame('changes', 11, { bans: [ban('203.0.113.3')] }), now);
    assert.deepEqual(networksOf(reports), ['203.0.113.1', '203.0.113.3']);
  });

  it('forgets the parts of a snapshot when another begins before its end', () => {
    for (const other of [{ ledger: 'b' }, { sequence: 21 }]) {
      const reports = known('203.0.113.1');
      reports.take(frame('snapshot', 20, { bans: [ban('203.0.113.2')] }), now);
      reports.take({ ...frame('snapshot-end', 20, { bans: [ban('203.0.113.3')] }), ...other }, now);
      assert.deepEqual(networksOf(reports), ['203.0.113.3']);
    }
  });

  it('changes report by report', () => {
    const reports = known('203.0.113.1', '203.0.113.2');
    const change = { bans: [ban('203.0.113.1', 60)], ended: [key('203.0.113.2'), key('203.0.113.9')], paused: true };
    reports.take(frame('changes', 12, change), now);
    assert.deepEqual([networksOf(reports), reports.sequence, reports.isPaused], [['203.0.113.1'], 12, true]);
    assert.equal(reports.endUntil(now + 59_999), false);
    assert.equal(reports.endUntil(now + 60_000), true);
    assert.deepEqual(networksOf(reports), []);
  });

  const lies: readonly (readonly [string, FeedFrame])[] = [
    ['of another ledger', frame('changes', 11, { ledger: 'b' })],
    ['with a number that falls', frame('changes', 9)],
    ['that end something in a snapshot', frame('snapshot', 11, { ended: [key('203.0.113.1')] })],
  ];
  for (const [what, lie] of lies) {
    it(`is not believed for changes ${what}, and stays as it was`, () => {
      const reports = known('203.0.113.1');
      assert.throws(() => reports.take({ ...lie, paused: true }, now), UplinkError);
      assert.deepEqual([networksOf(reports), reports.sequence, reports.isPaused], [['203.0.113.1'], 10, false]);
    });
  }

  it('is not believed for changes without a snapshot', () => {
    const reports = new PeerReports();
    assert.throws(() => reports.take(frame('changes', 1), now), UplinkError);
    reports.take(frame('snapshot', 1), now);
    assert.throws(() => reports.take(frame('changes', 1), now), UplinkError);
  });

  const garbled: readonly (readonly [string, object])[] = [
    ['a network that is none', { bans: [['203.0.113', 'web1', 'sshd', 60]] }],
    ['a host name', { bans: [['example.org', 'web1', 'sshd', 60]] }],
    ['a client with a newline', { bans: [['203.0.113.1', 'web1\n', 'sshd', 60]] }],
    ['a jail that is an option', { ended: [['203.0.113.1', 'web1', '--all']] }],
    ['a time of zero', { bans: [['203.0.113.1', 'web1', 'sshd', 0]] }],
    ['a label that begins with a dash', { bans: [['203.0.113.1', 'web1', 'sshd', 60, { site: '--x' }]] }],
    ['a part that is none', { part: 'all' }],
    ['more reports than a frame may have', { ended: Array(401).fill(['203.0.113.1', 'web1', 'sshd']) }],
  ];
  for (const [what, fields] of garbled) {
    it(`does not even parse with ${what}`, () => {
      assert.throws(() => parseFrameToClient({ ...frame('changes', 11), ...fields }), { code: 'malformed' });
    });
  }
});
