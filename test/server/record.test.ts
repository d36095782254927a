import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import fc from 'fast-check';
import type { Turn } from '../../server/bans/fair-queue.ts';
import type { Draft } from '../../server/draft.ts';
import { LedgerError, type Report, streamsPerClientMax } from '../../server/ledger/ledger.ts';
import { SqliteLedger } from '../../server/ledger/sqlite-ledger.ts';
import { Record } from '../../server/record.ts';
import { StandingBans } from '../../server/standing-bans.ts';
import { ManualClock } from '../manual-clock.ts';
import { Core } from './core.ts';
import { makeReport } from './samples.ts';

describe('the record', () => {
  it('writes what is handed over in one tick in one commit, in its order', async () => {
    const core = await Core.make();
    const writes = [1, 2, 3].map((last) =>
      core.record.write((draft) => {
        draft.report(makeReport(`203.0.113.${last}`));
        return draft.networks().size;
      }),
    );
    assert.deepEqual(await Promise.all(writes), [1, 2, 3]);
    assert.deepEqual(core.ledger.commits, [3]);
    await core.record.write((draft) => draft.report(makeReport('203.0.113.4')));
    assert.deepEqual(core.ledger.commits, [3, 1]);
  });

  it('commits no more at once than others can wait for, and in turns', async () => {
    const core = await Core.make();
    const order: string[] = [];
    const write = (name: string, turn?: Turn): Promise<unknown> =>
      core.record.write((draft) => draft.report(makeReport(`203.0.113.${order.push(name)}`)), turn);
    const flood = Array.from({ length: 6 }, (_, at) => write(`flood ${at}`, { client: 'flood', cost: 250 }));
    await Promise.all([...flood, write('lone', { client: 'web1', cost: 1 }), write('operator')]);
    assert.deepEqual(order.slice(0, 4), ['operator', 'flood 0', 'lone', 'flood 1']);
    assert.deepEqual(core.ledger.commits, [3, 2, 2, 1]);
  });

  it('answers only when the commit is durable and what stands says so', async () => {
    const core = await Core.make();
    const commit = core.ledger.commit.bind(core.ledger);
    let finish: () => void = () => undefined;
    core.ledger.commit = (changes, at) =>
      new Promise((resolve) => {
        finish = () => resolve(commit(changes, at));
      });
    let isAnswered = false;
    const write = core.record.write((draft) => draft.report(makeReport('203.0.113.1'))).then(() => (isAnswered = true));
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    assert.deepEqual([isAnswered, core.standing.size], [false, 0]);
    finish();
    await write;
    assert.equal(core.standing.size, 1);
  });

  it('refuses all of a commit that fails and nothing else, and nothing of it takes effect', async () => {
    const core = await Core.make();
    await core.record.write((draft) => draft.report(makeReport('203.0.113.1')));
    core.ledger.isFull = true;
    const writes = [2, 3].map((last) => core.record.write((draft) => draft.report(makeReport(`203.0.113.${last}`))));
    const outcomes = await Promise.allSettled(writes);
    assert.ok(outcomes.every((outcome) => outcome.status === 'rejected' && outcome.reason instanceof LedgerError));
    assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd']);
    core.ledger.isFull = false;
    await core.record.write((draft) => draft.report(makeReport('203.0.113.4')));
    assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd', '203.0.113.4 web1 sshd']);
  });

  it('says since when the ledger does not write, and why, until it does', async () => {
    const core = await Core.make();
    const write = (last: number) => core.record.write((draft) => draft.report(makeReport(`203.0.113.${last}`)));
    await write(1);
    assert.deepEqual(core.record.state, { kind: 'good' });
    core.ledger.isFull = true;
    const sinceMs = core.clock.elapsed();
    await assert.rejects(write(2));
    core.clock.advance(5_000);
    await assert.rejects(write(3));
    assert.deepEqual(core.record.state, { kind: 'failing', reason: 'database or disk is full', sinceMs });
    core.ledger.isFull = false;
    await write(4);
    assert.deepEqual(core.record.state, { kind: 'good' });
  });

  it('lets nobody see what a failed commit would have changed', async () => {
    const core = await Core.make();
    core.ledger.isFull = true;
    const write = core.record.write((draft) => {
      draft.report(makeReport('203.0.113.1'));
      draft.advance('web1', 'stream-1', 7);
    });
    await assert.rejects(write, LedgerError);
    const seen = await core.record.read((draft) => [draft.networks().size, draft.numberOf('web1', 'stream-1')]);
    assert.deepEqual(seen, [0, 0]);
  });

  it('answers a look with what was handed over before it, and also when that was refused', async () => {
    const core = await Core.make();
    const write = core.record.write((draft) => draft.report(makeReport('203.0.113.1')));
    assert.equal(await core.record.read(() => core.standing.size), 1);
    await write;
    core.ledger.isFull = true;
    const refused = assert.rejects(
      core.record.write((draft) => draft.report(makeReport('203.0.113.2'))),
      LedgerError,
    );
    assert.equal(await core.record.read(() => core.standing.size), 1);
    await refused;
  });

  it('commits nothing for what changes nothing', async () => {
    const core = await Core.make();
    assert.equal(await core.record.write(() => 'answer'), 'answer');
    assert.deepEqual(core.ledger.commits, []);
  });

  it('is drained when everything handed over is written or refused', async () => {
    const core = await Core.make();
    const answers: string[] = [];
    const write = (last: number): Promise<unknown> =>
      core.record
        .write((draft) => draft.report(makeReport(`203.0.113.${last}`)))
        .then(
          () => answers.push('written'),
          () => answers.push('refused'),
        );
    void write(1).then(() => write(2));
    await core.record.drain();
    core.ledger.isFull = true;
    void write(3);
    await core.record.drain();
    assert.deepEqual(answers, ['written', 'written', 'refused']);
    await core.record.drain();
  });

  it(`remembers the ${streamsPerClientMax} streams of a client that were used last, also over a restart`, async () => {
    const core = await Core.make();
    const advance = (stream: string, number: number) =>
      core.record.write((draft) => draft.advance('web1', stream, number));
    for (let at = 1; at <= streamsPerClientMax; at += 1) await advance(`stream-${at}`, at);
    await advance('stream-1', 50);
    await advance('another', 1);
    const restarted = await Core.make(core.ledger);
    for (const { record } of [core, restarted]) {
      const numbers = await record.read((draft) =>
        ['stream-1', 'stream-2', 'stream-3', 'another'].map((stream) => draft.numberOf('web1', stream)),
      );
      assert.deepEqual(numbers, [50, 0, 3, 1]);
    }
  });

  it('forgets the streams of a client that is revoked', async () => {
    const core = await Core.make();
    await core.record.write((draft) => draft.advance('web1', 'stream-1', 7));
    await core.record.write((draft) => draft.add({ kind: 'revoked', client: 'web1', actor: 'operator' }));
    assert.equal(await core.record.read((draft) => draft.numberOf('web1', 'stream-1')), 0);
  });
});

describe('the record and its file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'f2nb-record-'));
  after(() => rmSync(folder, { recursive: true }));

  it('say the same after any entries, several of them in one commit', async () => {
    let files = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(anyEntry, { maxLength: 8 }), { maxLength: 6 }), async (commits) => {
        files += 1;
        const ledger = await SqliteLedger.open(join(folder, `${files}.db`));
        const state = await ledger.load();
        const standing = new StandingBans(state, () => undefined);
        const clock = new ManualClock();
        const record = new Record({ ledger, standing, state, clock, onCommit: () => undefined, soon: setImmediate });
        for (const entries of commits) await Promise.all(entries.map((entry) => record.write(entry)));
        const inMemory = [...standing.ofClient('web1'), ...standing.ofClient('web2')];
        assert.deepEqual((await ledger.load()).reports, inMemory.sort(bySequence));
        await ledger.close();
      }),
      { numRuns: 60 },
    );
  });
});

function bySequence(a: Report, b: Report): number {
  return (a.sequence ?? 0) - (b.sequence ?? 0);
}

const anyReport = fc
  .record({
    text: fc.constantFrom('203.0.113.1', '203.0.113.2'),
    client: fc.constantFrom('web1', 'web2'),
    source: fc.constantFrom('jail', 'hand'),
    endsAt: fc.nat(20_000),
  })
  .map(({ text, ...rest }) => makeReport(text, rest));

const anyEntry: fc.Arbitrary<(draft: Draft) => void> = fc.oneof(
  { arbitrary: anyReport.map((report) => (draft: Draft) => draft.report(report)), weight: 3 },
  anyReport.map((report) => (draft: Draft) => draft.withdraw(report, 'unban', 'web1')),
  anyReport.map((report) => (draft: Draft) => draft.lift(report.network, 'lifted', 'operator')),
);
