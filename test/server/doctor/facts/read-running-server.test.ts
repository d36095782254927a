import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readRunningServer } from '../../../../server/doctor/facts/read-running-server.ts';
import { judgeConnections } from '../../../../server/doctor/judge/judge-connections.ts';
import { closeCodes } from '../../../../shared/close-code.ts';
import { commandRunner } from '../../../../shared/host/command-runner.ts';
import { limits } from '../../../../shared/limits.ts';
import { withServer } from '../../running-server.ts';

/** ss and ps are not asked. */
const noPrograms = commandRunner('/nonexistent');

it('the doctor hears from the running server that its record cannot be written, and for how long', () =>
  withServer(async (server) => {
    const failure = async () => {
      const facts = await readRunningServer(server.settings.socket, noPrograms);
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

it('the doctor hears of the connections of a host with a stolen key, and the host gets in beside them', () =>
  withServer(async (server) => {
    const credentials = await server.enroll({ name: 'web1' });
    const thief = await server.logIn(credentials);
    for (let count = 1; count < limits.connectionsPerClientMax; count += 1) await server.logIn(credentials);
    const host = await server.logIn(credentials);
    assert.equal(await thief.closed, closeCodes.tooMany);
    assert.equal((await host.ask({ type: 'query', id: 1, about: 'self' })).type, 'answer');
    const facts = await readRunningServer(server.settings.socket, noPrograms);
    assert.ok(facts.kind === 'running');
    const [said] = judgeConnections(facts, server.clock.now());
    assert.equal(said?.fact, 'web1 is connected from 1 address (127.0.0.1), with 8 connections');
  }));
