import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sweepExpired } from '../../server/expiry-sweep.ts';
import { Core } from './core.ts';
import { makeClient, makeEntry, makeEvent } from './samples.ts';

describe('the sweep', () => {
  it('withdraws each report when its own time has come, and the ban with the last', async () => {
    const core = await Core.make();
    await core.send(makeClient(), [makeEvent(1, '203.0.113.1', { ttlSeconds: 60 })]);
    await core.send(makeClient({ name: 'web2' }), [makeEvent(1, '203.0.113.1', { ttlSeconds: 90 })]);
    core.clock.advance(59_999);
    await sweepExpired(core);
    assert.equal(core.claims.length, 2);
    core.clock.advance(1);
    await sweepExpired(core);
    assert.deepEqual(core.claims, ['203.0.113.1 web2 sshd']);
    core.clock.advance(30_000);
    await sweepExpired(core);
    assert.deepEqual(core.claims, []);
    const ends = (await core.ledger.history({ most: 2 })).map(({ client, reason, actor }) => [client, reason, actor]);
    assert.deepEqual(ends, [
      ['web2', 'expired', 'server'],
      ['web1', 'expired', 'server'],
    ]);
  });

  it('leaves a report that was prolonged, also in the very same commit', async () => {
    const core = await Core.make();
    await core.send(makeClient(), [makeEvent(1, '203.0.113.1', { ttlSeconds: 60 })]);
    core.clock.advance(60_000);
    const prolonged = core.send(makeClient(), [makeEvent(2, '203.0.113.1', { ttlSeconds: 60 })]);
    await Promise.all([prolonged, sweepExpired(core)]);
    assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd']);
  });

  it('ends timed whitelist entries, but not one that is prolonged in the very same commit', async () => {
    const core = await Core.make();
    const entry = makeEntry('198.51.100.1', { endsAt: core.clock.now() + 60_000 });
    const allow = (endsAt: number) =>
      core.record.write((draft) => draft.add({ kind: 'allowed', entry: { ...entry, endsAt }, actor: 'operator' }));
    await allow(entry.endsAt);
    core.clock.advance(60_000);
    await Promise.all([allow(entry.endsAt + 60_000), sweepExpired(core)]);
    assert.equal(core.whitelist.overlapping(entry.network), entry.network);
    core.clock.advance(60_000);
    await sweepExpired(core);
    assert.equal(core.whitelist.overlapping(entry.network), undefined);
  });

  it('tries again when the record could not be written', async () => {
    const core = await Core.make();
    await core.send(makeClient(), [makeEvent(1, '203.0.113.1', { ttlSeconds: 60 })]);
    core.clock.advance(60_000);
    core.ledger.isFull = true;
    await sweepExpired(core);
    assert.equal(core.claims.length, 1);
    core.ledger.isFull = false;
    await sweepExpired(core);
    assert.deepEqual(core.claims, []);
  });

  it('writes nothing when nothing is due', async () => {
    const core = await Core.make();
    await core.send(makeClient(), [makeEvent(1, '203.0.113.1')]);
    core.clock.advance(1e12);
    await sweepExpired(core);
    assert.deepEqual(core.ledger.commits, [2]);
  });
});
