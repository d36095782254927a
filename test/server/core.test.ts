import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ManualClock } from '../manual-clock.ts';
import { FailingLedger } from './failing-ledger.ts';
import { makeClient, makeEntry, makeEvent, network } from './samples.ts';
import { openCore } from './whole-core.ts';

describe('the core', () => {
  it('checks the bans once for a commit, however many whitelist entries it makes or ends', async () => {
    const clock = new ManualClock();
    const core = await openCore(new FailingLedger(), clock);
    const client = makeClient();
    await core.record.write((draft) => draft.add({ kind: 'enrolled', client, actor: 'operator' }));
    const checks = () => Number.parseInt(core.enforcement.circumstances, 10);
    const isHeldBack = () => core.enforcement.heldBack()?.(network('203.0.113.0/24'));
    await core.intake.takeEach(client, [makeEvent(0, '203.0.113.0/24')]);
    const before = checks();
    const entries = Array.from({ length: 200 }, (_, index) =>
      makeEntry(`203.0.113.${index}`, { endsAt: clock.now() + 60_000 }),
    );
    await core.record.write((draft) => {
      for (const entry of entries) draft.add({ kind: 'allowed', entry, actor: 'operator' });
    });
    assert.deepEqual([checks(), isHeldBack()], [before + 1, true]);
    clock.advance(60_000);
    await core.sweep();
    assert.deepEqual([checks(), isHeldBack()], [before + 2, false]);
  });
});
