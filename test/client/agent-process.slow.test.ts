import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { appendToQueue } from '../../client/queue.ts';
import { exitCodes } from '../../shared/exit-codes.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { startServer } from './agent-under-test.ts';
import type { TestServer } from './test-server.ts';

const program = new URL('../../client/main.js', import.meta.url).pathname;

async function configure(folder: string, server: TestServer, spool = join(folder, 'spool')): Promise<string> {
  const config = join(folder, 'client.ini');
  const paths = `spool = ${spool}\nstate = ${folder}/state\nsocket = ${folder}/agent.sock`;
  const server1 = `url = ${server.url}\nclient = ${server.client}\nkey = ${server.keyText}\nplaintext = yes`;
  await writeFile(
    config,
    `[agent]\n${paths}\nfail2ban_client = /bin/false\nlog_level = error\n[server main]\n${server1}\n`,
    { mode: 0o600 },
  );
  return config;
}

/** @param within a program with its words; the agent's command comes behind them */
function start(test: Ending, config: string, within: readonly string[] = []): ChildProcess {
  const [first = '', ...words] = [...within, process.execPath, program, 'agent', '--config', config];
  const child = spawn(first, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  test.after(async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });
  return child;
}

/** Bans of distinct networks, and an unban of every third. */
function lines(from: number, count: number): string {
  const at = Date.now() / 1_000;
  return Array.from({ length: count }, (_, index) => {
    const network = `198.${18 + ((from + index) >> 16)}.${((from + index) >> 8) & 255}.${(from + index) & 255}`;
    const ban = `v1\tban\tsshd\t${network}\t3600\t5\t1\t${at}\n`;
    return index % 3 === 0 ? `${ban}v1\tunban\tsshd\t${network}\t3600\t5\t1\t${at}\n` : ban;
  }).join('');
}

testWithEnding('loses nothing and applies nothing twice when it is killed again and again', async (context) => {
  const folder = await makeFolder(context);
  const server = await startServer(context);
  const config = await configure(folder, server);
  const spool = join(folder, 'spool');
  await mkdir(spool);
  const rounds = 5;
  const each = 900;
  for (let round = 0; round < rounds; round += 1) {
    const seen = server.numbers.length;
    const agent = start(context, config);
    await appendToQueue(spool, lines(round * each, each));
    // Killed as soon as the first frame of the round is out: some of it is acknowledged, some journaled, some unread.
    await server.when(() => server.numbers.length > seen);
    agent.kill('SIGKILL');
    await once(agent, 'exit');
  }
  start(context, config);
  await server.when(() => server.reports.size === (rounds * each * 2) / 3);
  const meanings = new Map<number, string>();
  for (const { number, text } of server.heard) {
    assert.equal(meanings.get(number) ?? text, text, `number ${number} has one meaning`);
    meanings.set(number, text);
  }
});

testWithEnding('ends in order on SIGTERM, with exit code 0', async (context) => {
  const folder = await makeFolder(context);
  const server = await startServer(context);
  const agent = start(context, await configure(folder, server));
  await server.when(() => server.logins === 1);
  agent.kill('SIGTERM');
  assert.deepEqual(await once(agent, 'exit'), [0, null]);
  assert.equal(existsSync(join(folder, 'agent.sock')), false);
});

/** Exit code and what it said. */
async function endOf(agent: ChildProcess): Promise<readonly [unknown, string]> {
  let said = '';
  agent.stderr?.on('data', (text) => {
    said += String(text);
  });
  const [code] = await once(agent, 'exit');
  return [code, said];
}

testWithEnding('keeps a second agent off the journal of the first', async (context) => {
  const folder = await makeFolder(context);
  const server = await startServer(context);
  const config = await configure(folder, server);
  start(context, config);
  await server.when(() => server.logins === 1);
  const [code, said] = await endOf(start(context, config));
  assert.equal(code, 75);
  assert.match(said, /another process serves this socket/);
});

/** A folder whose path is longer than that of a Unix socket may be. */
const deep = join('a'.repeat(100), 'b'.repeat(100));

for (const [shared, below] of [
  ['state', ''],
  ['spool', ''],
  ['state', deep],
  ['spool', deep],
] as const) {
  const how = below === '' ? '' : ', however long its path is';
  testWithEnding(`keeps an agent of another configuration off a ${shared} folder in use${how}`, async (context) => {
    const server = await startServer(context);
    const [first, second] = [await makeFolder(context), await makeFolder(context)];
    const folder = join(first, shared, below);
    const config = await configure(first, server);
    await writeFile(config, (await readFile(config, 'utf8')).replace(join(first, shared), folder));
    const agent = start(context, config);
    await server.when(() => server.logins === 1);
    const other = await configure(second, server);
    const text = await readFile(other, 'utf8');
    await writeFile(other, text.replace(join(second, shared), folder), { mode: 0o600 });
    const [code, said] = await endOf(start(context, other));
    assert.equal(code, 75);
    assert.ok(said.includes(`${folder} is used by another agent, that of ${config}`), said);
    // A lock that a killed agent has left is none.
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    start(context, other);
    await server.when(() => server.logins === 2);
  });
}

testWithEnding('ends with 1 and the reason when it cannot make its spool', async (context) => {
  const folder = await makeFolder(context);
  const server = await startServer(context);
  const config = await configure(folder, server);
  await writeFile(join(folder, 'spool'), 'a file where the folder should be');
  const [code, said] = await endOf(start(context, config));
  assert.equal(code, 1);
  assert.match(said, /EEXIST|ENOTDIR/);
});

testWithEnding('ends, to be started anew, when its spool is gone and its unit lets it make none', async (context) => {
  const folder = await makeFolder(context);
  const server = await startServer(context);
  const spool = join(folder, 'var', 'spool');
  await mkdir(spool, { recursive: true });
  // What ProtectSystem=strict with ReadWritePaths= does.
  const confine = 'mount --bind "$0" "$0"; mount --bind "$1" "$1"; mount -o remount,bind,ro "$0"; shift; exec "$@"';
  const within = ['unshare', '--map-root-user', '--mount', 'sh', '-ec', confine, dirname(spool), spool];
  const agent = start(context, await configure(folder, server, spool), within);
  await server.when(() => server.logins === 1);
  const end = endOf(agent);
  await rm(spool, { recursive: true });
  const [code, said] = await end;
  assert.equal(code, 75);
  assert.match(said, /\/var\/spool is not there and cannot be made: EROFS/);
});

testWithEnding(
  'reads its configuration again on SIGHUP, and goes on with the old one when the new is wrong',
  async (context) => {
    const folder = await makeFolder(context);
    const server = await startServer(context);
    const config = await configure(folder, server);
    const agent = start(context, config);
    await server.when(() => server.logins === 1);
    agent.kill('SIGHUP');
    await server.when(() => server.logins === 2);
    await writeFile(config, 'nonsense', { mode: 0o600 });
    agent.kill('SIGHUP');
    await server.when(() => server.logins === 3);
  },
);

testWithEnding('ends where its spool cannot be, also while it would feed a watchdog', async (context) => {
  const folder = await makeFolder(context);
  const config = await configure(folder, await startServer(context), join(program, 'spool'));
  const agent = start(context, config, ['env', 'WATCHDOG_USEC=60000000', `NOTIFY_SOCKET=${join(folder, 'nobody')}`]);
  const [code] = await once(agent, 'exit');
  assert.equal(code, exitCodes.failed);
});
