import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { judgeServer } from '../../client/doctor/judge-server.ts';
import { readServer } from '../../client/doctor/read-server.ts';
import type { ServerAddress, Trust } from '../../client/server-address.ts';
import { connectMaxMs, connectToServer } from '../../client/uplink.ts';
import { UplinkError } from '../../client/uplink-error.ts';
import type { Via } from '../../client/via.ts';
import { parsePin } from '../../shared/pin.ts';
import { makeCertificates } from '../certificates.ts';
import { waitUntil } from '../end-to-end/wait-until.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { ManualClock } from '../manual-clock.ts';
import { actionLine, addressOf, settingsFor, startAgent, startServer } from './agent-under-test.ts';
import { SshServer } from './ssh-server.ts';
import type { TestServer } from './test-server.ts';

const options = (clock = new ManualClock()) => ({ clock, randomBytes, agent: 'test' });

function connect(server: ServerAddress, clock?: ManualClock, signal = new AbortController().signal) {
  return connectToServer(server, options(clock), signal);
}

function through(server: TestServer, via: Via, trust?: Trust): ServerAddress {
  return { ...addressOf(server, trust), via };
}

/** No way, for a reason. */
const noWay = (reason: RegExp) => (error: unknown) =>
  error instanceof UplinkError && error.code === 'no-way' && reason.test(error.message);

async function startTls(test: Ending) {
  const certificates = await makeCertificates(join(await makeFolder(test), 'tls'), { hosts: ['elsewhere.example'] });
  return { pin: parsePin(certificates.fingerprint256) ?? '', server: await startServer(test, { certificates }) };
}

testWithEnding('reaches a server through ssh, and no ssh outlives the connection', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  const connection = await connect(through(server, ssh.via()));
  await connection.ask({ about: 'self' });
  assert.equal((await ssh.clients()).length, 1);
  connection.close(new UplinkError('closed', 'the test ends it'));
  await waitUntil('ssh has ended', async () => (await ssh.clients()).length === 0);
});

testWithEnding('checks the pin of a certificate behind ssh as without it', async (context) => {
  const ssh = await SshServer.start(context);
  const { server, pin } = await startTls(context);
  const connection = await connect(through(server, ssh.via(), { kind: 'pin', sha256: pin }));
  connection.close(new UplinkError('closed', 'the test ends it'));
  const other = through(server, ssh.via(), { kind: 'pin', sha256: '0'.repeat(64) });
  await assert.rejects(connect(other), (error) => error instanceof UplinkError && error.code === 'untrusted');
  assert.equal(server.logins, 1);
  await waitUntil('ssh has ended', async () => (await ssh.clients()).length === 0);
});

testWithEnding('does not believe an ssh server with another host key than the known one', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  const other = (await SshServer.start(context)).folder;
  const hosts = join(other, 'known_hosts');
  const via = ssh.via('-o', `UserKnownHostsFile=${hosts}`);
  await assert.rejects(connect(through(server, via)), noWay(/^ssh: .*Host key verification failed\.$/));
  assert.equal(server.logins, 0);
});

testWithEnding('says that ssh has no key that is accepted', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  const via = ssh.via('-i', await ssh.makeKey('other_key'));
  await assert.rejects(connect(through(server, via)), noWay(/Permission denied \(publickey\)\.$/));
  await assert.rejects(connect(through(server, ssh.via('-i', 'none'))), noWay(/Permission denied \(publickey\)\.$/));
});

testWithEnding('says that the server does not answer where ssh leads', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  const address = through(server, ssh.via());
  await server.close();
  await assert.rejects(connect(address), noWay(/^ssh: .*Connection refused/));
});

testWithEnding('says that nobody answers ssh', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  await ssh.stop();
  await assert.rejects(connect(through(server, ssh.via())), noWay(/^ssh: .*Connection refused/));
});

testWithEnding('gives a server behind ssh a limited time, and ends ssh with it', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  server.behaviour.reply = () => undefined;
  const clock = new ManualClock();
  const connecting = connect(through(server, ssh.via()), clock);
  await server.when(() => server.logins === 1);
  clock.advance(connectMaxMs);
  await assert.rejects(connecting, (error) => error instanceof UplinkError && error.code === 'silent');
  await waitUntil('ssh has ended', async () => (await ssh.clients()).length === 0);
});

testWithEnding('ends ssh at once when a connection is given up before there is one', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  const stop = new AbortController();
  const connecting = connect(through(server, ssh.via()), undefined, stop.signal);
  stop.abort();
  await assert.rejects(connecting, /the agent stops/);
  await waitUntil('ssh has ended', async () => (await ssh.clients()).length === 0);
});

testWithEnding('delivers through ssh, comes back when ssh is killed, and leaves no ssh behind', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  const settings = settingsFor(await makeFolder(context), [through(server, ssh.via())]);
  const { agent, write, stop } = await startAgent(context, settings);
  await write(actionLine('ban', 'sshd', '203.0.113.7'));
  await server.when(() => server.has('sshd', '203.0.113.7'));
  const [pid = 0] = await ssh.clients();
  process.kill(pid, 'SIGKILL');
  await write(actionLine('ban', 'sshd', '203.0.113.8'));
  await server.when(() => server.has('sshd', '203.0.113.8'));
  assert.equal(agent.destinations[0]?.courier.lastError?.reason, 'ssh: ended with a signal');
  assert.equal(server.logins, 2);
  await stop();
  await waitUntil('ssh has ended', async () => (await ssh.clients()).length === 0);
});

testWithEnding('the doctor looks at the ssh server, and at what is behind it through ssh', async (context) => {
  const ssh = await SshServer.start(context);
  const server = await startServer(context);
  const look = async (via: Via) =>
    judgeServer(await readServer(through(server, via), options()), { client: server.client, verbs: [], jails: [] });
  const [good] = await look(ssh.via());
  assert.match(good?.fact ?? '', /^connected to test through ssh \S+@127\.0\.0\.1, key accepted/);
  await writeFile(join(ssh.folder, 'empty'), '');
  const [unknown] = await look(ssh.via('-o', 'UserKnownHostsFile=empty'));
  assert.equal(unknown?.code, 'no-way');
  assert.match(
    unknown?.command ?? '',
    /^ssh -p \d+ -i \S+ssh_key -o UserKnownHostsFile=\S+empty \S+@127\.0\.0\.1 true/,
  );
  await ssh.stop();
  const [gone] = await look(ssh.via());
  assert.equal(gone?.code, 'no-answer');
  assert.match(gone?.command ?? '', /^whether sshd runs on 127\.0\.0\.1;/);
});
