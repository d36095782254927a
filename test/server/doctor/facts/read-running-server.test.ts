import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readRunningServer } from '../../../../server/doctor/facts/read-running-server.ts';
import { withServer } from '../../running-server.ts';

it('the doctor hears from the running server that its record cannot be written, and for how long', () =>
  withServer(async (server) => {
    const failure = async () => {
      const facts = await readRunningServer(server.settings.socket);
      assert.ok(facts.kind === 'running');
      return facts.recordFailure;
    };
    assert.equal(await failure(), undefined);
    server.ledger.isFull = true;
    await assert.rejects(server.ask('ban', { network: '203.0.113.7' }));
    server.clock.advance(90_000);
    assert.deepEqual(await failure(), { reason: 'database or disk is full', forSeconds: 90 });
    server.ledger.isFull = false;
    await server.ask('ban', { network: '203.0.113.7' });
    assert.equal(await failure(), undefined);
  }));
