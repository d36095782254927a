import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { operator, ownClient } from '../../server/own-clients.ts';
import { limits } from '../../shared/limits.ts';
import type { Refusal } from '../../shared/refusal.ts';
import { Core } from './core.ts';
import { makeClient, makeEntry, makeEvent, network } from './samples.ts';

const self = ownClient(operator);

/** Bans as the operator does, in the same commit as all that is handed over in this tick. */
function ban(core: Core, text: string, jail = 'manual'): Promise<Refusal | undefined> {
  const claim = { network: network(text), jail, ttlSeconds: null, source: 'hand' } as const;
  const report = core.writer.makeReport(self, claim);
  return core.record.write((draft) => core.writer.write(draft, self, report));
}

describe("the operator's ban", () => {
  it('is refused behind a whitelist entry in one tick, as that of a host is', async () => {
    const core = await Core.make();
    const allowed = core.record.write((draft) => draft.allow(makeEntry('203.0.113.0/24'), operator));
    const refused = await Promise.all([
      ban(core, '203.0.113.1').then((refusal) => refusal?.code),
      core.send(makeClient(), [makeEvent(1, '203.0.113.1')]).then(([code]) => code),
    ]);
    await allowed;
    assert.deepEqual(refused, ['whitelisted', 'whitelisted']);
    assert.deepEqual(core.claims, []);
  });

  it('is taken beyond the quota and the jails of a host', async () => {
    const core = await Core.make();
    const most = core.policy.settings.reportsPerClientMax;
    const networks = Array.from({ length: most + 1 }, (_, at) => `203.0.113.${at}`);
    const jails = Array.from({ length: limits.jailsPerClientMax + 1 }, (_, at) => `by-hand-${at}`);
    await Promise.all([
      ...networks.map(async (text) => assert.equal(await ban(core, text), undefined, text)),
      ...jails.map(async (jail) => assert.equal(await ban(core, '198.51.100.1', jail), undefined, jail)),
    ]);
    assert.equal(core.claims.length, networks.length + jails.length);
  });
});
