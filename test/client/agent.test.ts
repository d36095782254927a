import assert from 'node:assert/strict';
import { test } from 'node:test';
import { actionLine, addressOf, makeFolder, settingsFor, startAgent, startServer, until } from './agent-under-test.ts';

test('carries a ban and an unban from the queue to the server', async (context) => {
  const server = await startServer(context);
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await server.when(() => server.has('sshd', '203.0.113.7'));
  const [report] = server.reports.values();
  assert.equal(report?.ttlSeconds, 600);
  assert.equal(report?.source, 'jail');
  await running.write(actionLine('unban', 'sshd', '203.0.113.7'));
  await server.when(() => !server.has('sshd', '203.0.113.7'));
  await until(() => running.agent.outbox.lane('main').waiting === 0);
});
