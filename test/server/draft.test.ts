import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Draft } from '../../server/draft.ts';
import { StandingBans } from '../../server/standing-bans.ts';
import { makeReport, network } from './samples.ts';

function makeDraft(...texts: readonly string[]): Draft {
  const reports = texts.map((text, at) => makeReport(text, { sequence: at + 1 }));
  const state = {
    id: 'test',
    sequence: texts.length,
    reports,
    whitelist: [],
    whitelistNames: [],
    clients: [],
    streams: new Map(),
    protectedSets: [],
    losses: [],
    hostAddresses: new Map(),
    decided: 0,
    marks: ['mem1'],
    paused: false,
  };
  return new Draft(new StandingBans(state, () => undefined), new Map([['web1', new Map([['stream-1', 4]])]]));
}

const liftedOne = { isLifted: true, sequence: undefined };

describe('a draft', () => {
  it('sees what stands and what it is about to change', () => {
    const draft = makeDraft('203.0.113.1', '203.0.113.2');
    draft.withdraw(makeReport('203.0.113.1'), 'unban', 'web1');
    draft.report(makeReport('203.0.113.3', { endsAt: 5_000 }));
    assert.deepEqual(draft.reportsOf(network('203.0.113.1')), []);
    assert.deepEqual(draft.reportsOf(network('203.0.113.2')), [makeReport('203.0.113.2', { sequence: 2 })]);
    assert.deepEqual(
      draft.ofJail('web1', 'sshd').map((report) => report.network),
      ['203.0.113.2', '203.0.113.3'],
    );
    assert.deepEqual([...draft.networks()], ['203.0.113.1', '203.0.113.2', '203.0.113.3']);
  });

  it('says which reports are no new bans', () => {
    const draft = makeDraft('203.0.113.1', '203.0.113.2');
    draft.report(makeReport('203.0.113.1'));
    draft.report(makeReport('203.0.113.3'), true);
    draft.report(makeReport('203.0.113.4', { endsAt: 5_000 }));
    draft.report(makeReport('203.0.113.4', { reportedAt: 5_000 }));
    draft.lift(network('203.0.113.2'), 'lifted', 'operator');
    draft.report(makeReport('203.0.113.2'));
    const told = draft.changes.map((change) => ('reason' in change ? change.reason : ''));
    assert.deepEqual(told, ['prolonged', 'listed', undefined, undefined, 'lifted', undefined]);
  });

  it("counts a client's reports, a replaced one once", () => {
    const draft = makeDraft('203.0.113.1', '203.0.113.2');
    draft.report(makeReport('203.0.113.1', { endsAt: 5_000 }));
    assert.equal(draft.countOfClient('web1'), 2);
    draft.report(makeReport('203.0.113.1', { jail: 'nginx' }));
    draft.report(makeReport('203.0.113.1', { client: 'web2' }));
    assert.deepEqual([draft.countOfClient('web1'), draft.countOfClient('web2')], [3, 1]);
    draft.withdraw(makeReport('203.0.113.2'), 'unban', 'web1');
    assert.equal(draft.countOfClient('web1'), 2);
  });

  it("counts a client's jails with the one to come, each once", () => {
    const draft = makeDraft('203.0.113.1');
    assert.deepEqual([draft.countJailsWith('web1', 'sshd'), draft.countJailsWith('web1', 'nginx')], [1, 2]);
    draft.report(makeReport('203.0.113.1', { jail: 'nginx' }));
    draft.report(makeReport('203.0.113.2', { jail: 'nginx' }));
    assert.deepEqual([draft.countJailsWith('web1', 'nginx'), draft.countJailsWith('web1', 'dovecot')], [2, 3]);
    assert.equal(draft.countJailsWith('web2', 'sshd'), 1);
  });

  it('leaves the reports of others where one is replaced or withdrawn', () => {
    const draft = makeDraft('203.0.113.1');
    const other = makeReport('203.0.113.1', { client: 'web2' });
    draft.report(other);
    draft.withdraw(makeReport('203.0.113.1'), 'unban', 'web1');
    assert.deepEqual(draft.reportsOf(other.network), [other]);
  });

  it('withdraws of many reports those that it has not replaced before, and counts them', () => {
    const draft = makeDraft('203.0.113.1', '203.0.113.2');
    const standing = ['203.0.113.1', '203.0.113.2'].flatMap((text) => draft.reportsOf(network(text)));
    draft.report(makeReport('203.0.113.2', { endsAt: 5_000 }));
    assert.equal(draft.withdrawAll(standing, 'expired', 'server'), 1);
    assert.deepEqual(draft.reportsOf(network('203.0.113.1')), []);
    assert.deepEqual(draft.reportsOf(network('203.0.113.2')), [makeReport('203.0.113.2', { endsAt: 5_000 })]);
  });

  it("lifts everybody's reports of a network once, what a person claims for good", () => {
    const draft = makeDraft('203.0.113.1', '203.0.113.2');
    draft.report(makeReport('203.0.113.1', { client: 'web2', source: 'hand' }));
    const lifted = draft.lift(network('203.0.113.1'), 'lifted', 'operator');
    assert.deepEqual(
      lifted.map(({ client, isLifted }) => [client, isLifted]),
      [
        ['web1', false],
        ['web2', false],
      ],
    );
    assert.deepEqual(draft.reportsOf(network('203.0.113.1')), [makeReport('203.0.113.1', liftedOne)]);
    assert.deepEqual(draft.lift(network('203.0.113.1'), 'lifted', 'operator'), []);
    assert.deepEqual(
      draft.changes.map(({ kind }) => kind),
      ['reported', 'lifted', 'withdrawn'],
    );
  });

  it('knows what it whitelists and takes off again', () => {
    const draft = makeDraft();
    const entry = { network: network('203.0.113.0/24'), addedAt: 0, endsAt: 5_000, note: '' };
    assert.equal(draft.refuseAllowed(network('203.0.113.1')), undefined);
    draft.add({ kind: 'allowed', entry, actor: 'operator' });
    assert.deepEqual(draft.refuseAllowed(network('203.0.113.1')), {
      code: 'whitelisted',
      detail: '203.0.113.1 overlaps 203.0.113.0/24, which is being whitelisted',
    });
    assert.equal(draft.refuseAllowed(network('203.0.112.0/22'))?.code, 'whitelisted');
    assert.equal(draft.refuseAllowed(network('203.0.114.1')), undefined);
    draft.add({ kind: 'disallowed', network: entry.network, actor: 'operator', reason: 'removed' });
    assert.equal(draft.refuseAllowed(network('203.0.113.1')), undefined);
  });

  it('numbers a stream on, and says which one is new', () => {
    const draft = makeDraft();
    draft.advance('web1', 'stream-1', 9);
    draft.advance('web1', 'stream-2', 1);
    draft.advance('web1', 'stream-2', 2);
    assert.equal(draft.numberOf('web1', 'stream-1'), 9);
    assert.equal(draft.numberOf('web2', 'stream-1'), 0);
    assert.deepEqual(
      draft.changes.map((change) => change.kind === 'advanced' && change.isNew),
      [false, true, false],
    );
  });

  it('moves reports in time, lifted ones too, and none that has changed meanwhile', () => {
    const draft = makeDraft('203.0.113.1', '203.0.113.2', '203.0.113.3');
    draft.lift(network('203.0.113.1'), 'lifted', 'operator');
    const reports = ['203.0.113.1', '203.0.113.2', '203.0.113.3'].flatMap((text) => draft.reportsOf(network(text)));
    draft.withdraw(makeReport('203.0.113.3'), 'unban', 'web1');
    draft.moveAll(reports, 7_000, 'server');
    const moved = draft.changes.slice(2).map((change) => 'report' in change && [change.kind, change.report]);
    const { reportedAt, endsAt } = makeReport('203.0.113.1');
    const later = { reportedAt: reportedAt + 7_000, endsAt: endsAt + 7_000, sequence: undefined };
    assert.deepEqual(moved, [
      ['lifted', makeReport('203.0.113.1', { ...liftedOne, ...later })],
      ['reported', makeReport('203.0.113.2', later)],
    ]);
  });
});
