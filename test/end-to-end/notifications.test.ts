import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe } from 'node:test';
import { makeScript, readCalls, recording } from '../client/enforcers/command/command-under-test.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { Receiver, secret } from '../server/notifications/receiver.ts';
import { RawClient } from './raw-client.ts';
import { ServerProcess } from './server-process.ts';
import { waitUntil } from './wait-until.ts';

/** What is told waits for a second at least, and again after a failure, on a machine that may be slow. */
const patienceMs = 60_000;

/** Asks README's code about what was received, about another secret, and about another body. */
const askingCode = `
import json, sys
given = json.load(sys.stdin)
class Headers(dict):
    def __getitem__(self, name): return dict.__getitem__(self, name.lower())
headers, body, secret = Headers(given['headers']), given['body'].encode(), given['secret'].encode()
print(is_genuine(secret, headers, body), is_genuine(b'another', headers, body), is_genuine(secret, headers, body + b' '))
`;

interface Running {
  readonly server: ServerProcess;
  readonly receiver: Receiver;
  /** What a host's jail asks for. @returns the outcome, or the code of the refusal */
  readonly ban: (network: string) => Promise<unknown>;
}

async function start(ending: Ending, lines: readonly string[] = [], webhook: readonly string[] = []): Promise<Running> {
  const dir = await makeFolder(ending);
  const receiver = await Receiver.start(ending);
  const { certificates } = receiver;
  const secretFile = join(dir, 'secret');
  await writeFile(secretFile, `${secret}\n`, { mode: 0o600 });
  const server = await ServerProcess.start({
    ...{ dir, certificates, policy: ['whitelist = 192.0.2.0/24'] },
    enforcers: [
      '[dry-run]',
      '[webhook chat]',
      `url = https://127.0.0.1:${receiver.port}/hook`,
      `secret_file = ${secretFile}`,
      `ca = ${certificates.caFile}`,
      ...webhook,
      ...lines,
    ],
  });
  ending.after(() => server.stop());
  const enrolment = await server.enrolmentFor('web1');
  let number = 0;
  const ban = async (network: string): Promise<unknown> => {
    number += 1;
    const client = await RawClient.connect(enrolment, certificates.caFile);
    const event = { number, verb: 'ban', jail: 'sshd', network, ttlSeconds: 600 };
    const { results } = await client.ask({ type: 'events', stream: 'stream-1', events: [event] });
    client.socket.terminate();
    const [{ code, outcome }] = Array.isArray(results) ? results : assert.fail();
    return code ?? outcome;
  };
  return { server, receiver, ban };
}

const textsOf = ({ bodies }: Receiver): unknown[] => bodies.flatMap(({ events }) => events.map(({ text }) => text));

describe('a real server that notifies', { concurrency: 2 }, () => {
  testWithEnding(
    'tells a webhook and a command of bans and refusals, as README says they are verified',
    async (ending) => {
      const { folder, path } = await makeScript(ending, recording);
      const command = ['[notify-command mail]', `argv = ${path} "the admins"`, 'events = refused'];
      const { receiver, ban } = await start(ending, command);
      assert.deepEqual([await ban('203.0.113.7'), await ban('192.0.2.1')], ['recorded', 'whitelisted']);
      await waitUntil('both are told', () => textsOf(receiver).length === 2, patienceMs);
      assert.ok(textsOf(receiver).includes('203.0.113.7 is banned by sshd on web1'));
      assert.match(String(textsOf(receiver).find((text) => String(text).startsWith('a ban'))), /192\.0\.2\.0\/24/);
      const [{ headers, body } = assert.fail()] = receiver.received;
      const code = await readmeCode();
      const input = JSON.stringify({ headers, body, secret });
      assert.equal(
        execFileSync('python3', ['-c', `${code}\n${askingCode}`], { input, encoding: 'utf8' }).trim(),
        'True False False',
      );
      await waitUntil(
        'the command is told',
        async () => (await readFile(join(folder, 'out', 'stdin'), 'utf8').catch(() => '')) !== '',
        patienceMs,
      );
      const { argv, stdin } = await readCalls(folder);
      assert.deepEqual([argv, stdin.length], [[['the admins']], 1]);
    },
  );

  testWithEnding(
    'takes bans while its webhook fails, says so, and after a kill goes on with what happens then',
    async (ending) => {
      const { server, receiver, ban } = await start(ending);
      receiver.answer = (response) => response.writeHead(500).end();
      await ban('203.0.113.1');
      await waitUntil('it was tried again', () => receiver.received.length >= 2, patienceMs);
      assert.equal(new Set(receiver.received.map(({ body }) => body)).size, 1);
      const status = await server.command('status');
      assert.match(status.stdout, /^webhook\/chat +failing for .*: it answers with the status 500 /m);
      const doctor = await server.ask('doctor');
      assert.match(JSON.stringify(doctor), /notifications-fail/);
      assert.equal(await ban('203.0.113.2'), 'recorded');
      await server.kill();
      receiver.answer = (response) => response.writeHead(204).end();
      receiver.received.length = 0;
      await server.start();
      assert.equal(await ban('203.0.113.3'), 'recorded');
      await waitUntil('the next ban is told', () => textsOf(receiver).length > 0, patienceMs);
      assert.deepEqual(textsOf(receiver), ['203.0.113.3 is banned by sshd on web1']);
      const { bans } = await server.ask('status');
      assert.equal(bans, 3);
    },
  );

  testWithEnding('sends a test when it is asked to, and says what came of it', async (ending) => {
    const command = ['[notify-command hangs]', 'argv = /bin/sleep 1000', 'timeout = 1s'];
    const { server, receiver } = await start(ending, command, ['events = room']);
    const good = await server.command('notify', 'test', 'chat');
    assert.deepEqual(
      [good.code, /^webhook\/chat: took the test in \d+ ms$/m.test(good.stdout)],
      [0, true],
      good.stdout,
    );
    assert.deepEqual(textsOf(receiver), ['this is a test: nothing has happened']);
    const both = await server.command('notify', 'test');
    assert.equal(both.code, 1);
    assert.match(both.stdout, /^notify-command\/hangs: did not take the test: it did not end in 1 s and was killed$/m);
    const unknown = await server.command('notify', 'test', 'nobody');
    assert.equal(unknown.code, 64);
    assert.match(unknown.stderr, /there are webhook\/chat, notify-command\/hangs/);
    const checked = await server.command('check-config');
    assert.match(checked.stdout, /good, firewalls: dry-run; notifies: webhook\/chat, notify-command\/hangs$/m);
  });
});

/** What README gives to whoever takes webhooks. */
async function readmeCode(): Promise<string> {
  const readme = await readFile(new URL('../../../README.md', import.meta.url), 'utf8');
  const [, code] = /```python\n([\s\S]*?)```/.exec(readme) ?? [];
  return code ?? assert.fail('README has no code for it');
}
