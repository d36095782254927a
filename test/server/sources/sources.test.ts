import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pino } from 'pino';
import { ownClient } from '../../../server/own-clients.ts';
import { Sources } from '../../../server/sources/sources.ts';
import { waitUntil } from '../../end-to-end/wait-until.ts';
import { Core } from '../core.ts';
import { makeClient, makeEvent } from '../samples.ts';

it('a source that is no longer configured loses its reports, when the record can be written', async () => {
  const core = await Core.make();
  await core.send(makeClient(), [makeEvent(1, '203.0.113.1')]);
  const events = Array.from({ length: 90 }, (_, at) => makeEvent(0, `203.0.113.${at + 1}`));
  await core.intake.takeEach(ownClient('crowdsec/old'), events);
  await core.intake.takeEach(ownClient('escalation'), [makeEvent(0, '203.0.113.200')]);
  core.ledger.isFull = true;
  const log = pino({ level: 'silent' });
  const { signal } = new AbortController();
  const sources = new Sources([], { ...core, log, version: '1.2.3', soon: setImmediate });
  const running = sources.run(signal);
  await waitUntil('it waits for room', () => core.clock.nextInMs === 10_000, 60_000);
  assert.equal(core.standing.countOfClient('crowdsec/old'), 90);
  core.ledger.isFull = false;
  core.clock.advance(10_000);
  await running;
  assert.deepEqual(core.claims, ['203.0.113.1 web1 sshd', '203.0.113.200 escalation sshd']);
});
