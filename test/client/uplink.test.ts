import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Trust } from '../../client/server-address.ts';
import { connectMaxMs, connectToServer, silenceMaxMs } from '../../client/uplink.ts';
import { UplinkError, type UplinkErrorCode } from '../../client/uplink-error.ts';
import { parsePin } from '../../shared/pin.ts';
import { makeCertificates } from '../certificates.ts';
import { type Ending, makeFolder } from '../ending.ts';
import { ManualClock } from '../manual-clock.ts';
import { until } from '../until.ts';
import { addressOf, startServer } from './agent-under-test.ts';
import type { TestServer } from './test-server.ts';

function connect(server: TestServer, trust?: Trust, clock = new ManualClock()) {
  const never = new AbortController().signal;
  return connectToServer(addressOf(server, trust), { clock, randomBytes, agent: 'test' }, never);
}

async function startTls(test: Ending, hosts?: readonly string[]) {
  const folder = join(await makeFolder(test), 'tls');
  const certificates = await makeCertificates(folder, hosts === undefined ? {} : { hosts });
  const pin = parsePin(certificates.fingerprint256) ?? '';
  return { certificates, pin, server: await startServer(test, { certificates }) };
}

const failsWith = (code: UplinkErrorCode) => (error: unknown) => error instanceof UplinkError && error.code === code;

test('believes the pinned certificate, whatever name it is for', async (context) => {
  const { server, pin } = await startTls(context, ['elsewhere.example']);
  const connection = await connect(server, { kind: 'pin', sha256: pin });
  assert.deepEqual(connection.welcome.may, ['ban', 'unban']);
});

test('does not log in to a server with another certificate than the pinned one', async (context) => {
  const { server } = await startTls(context);
  await assert.rejects(connect(server, { kind: 'pin', sha256: '0'.repeat(64) }), failsWith('untrusted'));
  assert.equal(server.logins, 0);
});

test('believes a certificate that the given authority signed for this name', async (context) => {
  const { server, certificates } = await startTls(context);
  await connect(server, { kind: 'authority', pem: readFileSync(certificates.caFile, 'utf8') });
});

test('does not believe a certificate for another name', async (context) => {
  const { server, certificates } = await startTls(context, ['elsewhere.example']);
  const trust = { kind: 'authority', pem: readFileSync(certificates.caFile, 'utf8') } as const;
  await assert.rejects(connect(server, trust), failsWith('untrusted'));
});

test("does not believe a certificate that none of the system's authorities signed", async (context) => {
  const { server } = await startTls(context);
  await assert.rejects(connect(server, { kind: 'system-authorities' }), failsWith('untrusted'));
});

test('says that nobody listens', async (context) => {
  const server = await startServer(context);
  const address = addressOf(server);
  await server.close();
  const options = { clock: new ManualClock(), randomBytes, agent: 'test' };
  await assert.rejects(connectToServer(address, options, new AbortController().signal), failsWith('unreachable'));
});

test('gives a server that never welcomes a limited time', async (context) => {
  const server = await startServer(context);
  server.behaviour.reply = () => undefined;
  const clock = new ManualClock();
  const connecting = connect(server, undefined, clock);
  await server.when(() => server.logins === 1);
  clock.advance(connectMaxMs);
  await assert.rejects(connecting, failsWith('silent'));
});

test('does not believe a welcome with a wrong MAC', async (context) => {
  const server = await startServer(context);
  server.behaviour.garble = (text) => `A${text.slice(1, -1)} }`;
  await assert.rejects(connect(server), failsWith('not-believed'));
});

test('ends a connection that shows no sign of life', async (context) => {
  const server = await startServer(context);
  const clock = new ManualClock();
  const connection = await connect(server, undefined, clock);
  clock.advance(silenceMaxMs - 1);
  assert.equal(connection.ended.aborted, false);
  clock.advance(1);
  assert.ok(failsWith('silent')(connection.ended.reason));
});

test('fails every question when the connection ends', async (context) => {
  const server = await startServer(context);
  const connection = await connect(server);
  server.behaviour.reply = () => undefined;
  const asking = connection.ask({ about: 'self' });
  server.drop();
  await assert.rejects(asking, failsWith('closed'));
});

test('gives up a connection under way when it is aborted', async (context) => {
  const server = await startServer(context);
  server.behaviour.reply = () => undefined;
  const stop = new AbortController();
  const options = { clock: new ManualClock(), randomBytes, agent: 'test' };
  const connecting = connectToServer(addressOf(server), options, stop.signal);
  await server.when(() => server.logins === 1);
  stop.abort();
  await assert.rejects(connecting, failsWith('closed'));
});

test('does not believe a frame that answers nothing', async (context) => {
  const server = await startServer(context);
  const connection = await connect(server);
  server.behaviour.reply = () => ({ type: 'differing', jails: [] });
  await assert.rejects(connection.ask({ about: 'self' }), failsWith('not-believed'));
  await until(() => connection.ended.aborted, 'the connection ends');
});
