import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { pino } from 'pino';
import { codesMax, Refusals } from '../../client/refusals.ts';
import type { FrameToClient } from '../../shared/frames.ts';
import { isWord } from '../../shared/word.ts';
import { makeFolder, testWithEnding } from '../ending.ts';
import { network } from '../server/samples.ts';
import { until } from '../until.ts';
import { actionLine, addressOf, settingsFor, startAgent, startServer } from './agent-under-test.ts';
import { TestServer } from './test-server.ts';

testWithEnding('carries a ban and an unban from the queue to the server', async (context) => {
  const server = await startServer(context);
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await server.when(() => server.has('sshd', '203.0.113.7'));
  const [report] = server.reports.values();
  assert.equal(report?.ttlSeconds, 600);
  assert.equal(report?.source, 'jail');
  await running.write(actionLine('unban', 'sshd', '203.0.113.7'));
  await server.when(() => !server.has('sshd', '203.0.113.7'));
  await until(() => running.agent.outbox.lane('main').waiting === 0, 'both are acknowledged');
});

testWithEnding('serves a server that is there while another is away, and the other when it comes', async (context) => {
  const near = await startServer(context);
  const far = await startServer(context);
  const { port } = far;
  const servers = [
    { ...addressOf(near), name: 'near' },
    { ...addressOf(far), name: 'far' },
  ];
  await far.close();
  const running = await startAgent(context, settingsFor(await makeFolder(context), servers));
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'), actionLine('ban', 'sshd', '203.0.113.8'));
  await near.when(() => near.reports.size === 2);
  assert.equal(running.agent.outbox.lane('far').waiting, 2);
  const back = new TestServer({ secret: far.secret });
  await back.listen(port);
  context.after(() => back.close());
  await back.when(() => back.reports.size === 2);
});

testWithEnding('connects again after the connection was lost, and sends what came meanwhile once', async (context) => {
  const server = await startServer(context);
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
  await server.when(() => server.logins === 1);
  server.drop();
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await server.when(() => server.has('sshd', '203.0.113.7'));
  assert.equal(server.logins, 2);
  assert.deepEqual(server.numbers, [1]);
});

testWithEnding('takes a final refusal as the last word, counts it and remembers it', async (context) => {
  const server = await startServer(context);
  server.behaviour.refuse = () => ({ code: 'whitelisted', detail: '203.0.113.0/24 is whitelisted' });
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await until(() => running.agent.refusals.last.length === 1, 'it knows of the refusal');
  assert.equal(running.agent.outbox.lane('main').waiting, 0);
  assert.deepEqual(running.agent.refusals.counts, { whitelisted: 1 });
});

testWithEnding('takes a code of a newer server for a final refusal, and logs code and detail', async (context) => {
  const server = await startServer(context);
  const refusal = { outcome: 'refused', code: 'infra-of-later', detail: '203.0.113.7 is one' };
  const refuse = (frame: FrameToClient): object =>
    frame.type === 'results'
      ? { ...frame, results: frame.results.map(({ number }) => ({ number, ...refusal })) }
      : frame;
  server.behaviour.reply = refuse;
  const lines: string[] = [];
  const log = pino({}, { write: (line) => lines.push(line) });
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]), { log });
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await until(() => running.agent.refusals.last.length === 1, 'it knows of the refusal');
  assert.deepEqual(running.agent.refusals.counts, { 'infra-of-later': 1 });
  assert.ok(lines.some((line) => line.includes('"code":"infra-of-later","detail":"203.0.113.7 is one"')));
  server.behaviour.reply = (frame) => frame;
  await running.write(actionLine('ban', 'sshd', '203.0.113.8'));
  await server.when(() => server.has('sshd', '203.0.113.8'));
  assert.equal(server.logins, 1);
});

test('counts codes that it does not know together when there are too many', () => {
  const refusals = new Refusals();
  const refused = { server: 'main', jail: 'sshd', network: network('203.0.113.7'), verb: 'ban', detail: '', at: 0 };
  for (let at = 0; at < codesMax + 3; at += 1) {
    const code = 'a'.repeat(1 + (at % 40)) + 'b'.repeat(Math.floor(at / 40));
    assert.ok(isWord(code));
    refusals.note({ ...refused, code });
  }
  assert.equal(Object.keys(refusals.counts).length, codesMax + 1);
  assert.equal(refusals.counts['others'], 3);
});

testWithEnding('keeps what is refused for now, and sends it again when the pause is over', async (context) => {
  const server = await startServer(context);
  server.behaviour.retryAfterMs = 1;
  let refusals = 2;
  server.behaviour.refuse = () => {
    refusals -= 1;
    return refusals < 0 ? undefined : { code: 'ledger-unavailable', detail: 'the disk is full' };
  };
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await server.when(() => server.has('sshd', '203.0.113.7'));
  assert.deepEqual(server.numbers, [1, 1, 1]);
});

testWithEnding('numbers an event anew that was refused for now before others were recorded', async (context) => {
  const server = await startServer(context);
  server.behaviour.retryAfterMs = 1;
  let refusals = 1;
  server.behaviour.refuse = ({ network }) => {
    if (network !== '203.0.113.7' || refusals === 0) return undefined;
    refusals -= 1;
    return { code: 'rate-limited', detail: 'too many' };
  };
  const folder = await makeFolder(context);
  const idle = await startAgent(context, settingsFor(folder, [{ ...addressOf(server), url: 'ws://127.0.0.1:1' }]));
  await idle.write(actionLine('ban', 'sshd', '203.0.113.7'), actionLine('ban', 'sshd', '203.0.113.8'));
  await until(() => idle.agent.outbox.lastNumber === 2, 'both are taken over');
  await idle.stop();
  await startAgent(context, settingsFor(folder, [addressOf(server)]));
  await server.when(() => server.has('sshd', '203.0.113.7') && server.has('sshd', '203.0.113.8'));
  assert.deepEqual(server.numbers, [1, 2, 3]);
});

const lies: readonly [string, (server: TestServer) => void][] = [
  [
    'a frame whose MAC does not fit',
    (server) => server.shout(`${'A'.repeat(43)}.{"seq":2,"type":"differing","jails":[]}`),
  ],
  ['a text that is no frame', (server) => server.shout('hello')],
];
for (const [name, lie] of lies) {
  testWithEnding(`ends the connection on ${name}, and changes nothing`, async (context) => {
    const server = await startServer(context);
    const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
    await server.when(() => server.logins === 1);
    lie(server);
    await until(() => running.agent.destinations[0]?.courier.lastError?.reason !== undefined, 'it has seen the lie');
    await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
    await server.when(() => server.logins === 2 && server.has('sshd', '203.0.113.7'));
  });
}

testWithEnding('does not take results that answer other events', async (context) => {
  const server = await startServer(context);
  server.behaviour.reply = (frame) =>
    frame.type === 'results' ? { ...frame, results: [{ number: 99, outcome: 'recorded' }] } : frame;
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await until(() => running.agent.destinations[0]?.courier.lastError !== undefined, 'it has seen the wrong result');
  assert.equal(running.agent.outbox.lane('main').waiting, 1);
});

testWithEnding('does not believe a server that does not know the key', async (context) => {
  const server = await startServer(context);
  const address = { ...addressOf(server), key: { id: server.keyId, secret: randomBytes(32) } };
  const running = await startAgent(context, settingsFor(await makeFolder(context), [address]));
  await until(() => running.agent.destinations[0]?.courier.lastError !== undefined, 'it has given up the login');
  const state = running.agent.destinations[0]?.courier.state;
  assert.equal(state?.kind === 'waiting' && state.code, 'unauthenticated');
});

testWithEnding('brings an overfull lane in several frames, numbers rising', async (context) => {
  const server = await startServer(context);
  const running = await startAgent(context, settingsFor(await makeFolder(context), [addressOf(server)]));
  const lines = Array.from({ length: 1_200 }, (_, index) =>
    actionLine('ban', 'sshd', `198.18.${index >> 8}.${index & 255}`),
  );
  await running.write(...lines);
  await server.when(() => server.reports.size === 1_200);
  assert.deepEqual(
    server.numbers,
    [...server.numbers].sort((a, b) => a - b),
  );
  assert.equal(new Set(server.numbers).size, 1_200);
});
