import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { appendToQueue } from '../../client/queue.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { until } from '../until.ts';
import { actionLine, startServer } from './agent-under-test.ts';
import type { TestServer } from './test-server.ts';

const program = new URL('../../client/main.js', import.meta.url).pathname;

interface Place {
  readonly config: string;
  readonly spool: string;
  readonly state: string;
  readonly socket: string;
}

async function makePlace(test: Ending, server: TestServer): Promise<Place> {
  const folder = await makeFolder(test);
  const place = {
    config: join(folder, 'client.ini'),
    spool: join(folder, 'spool'),
    state: join(folder, 'state'),
    socket: join(folder, 'agent.sock'),
  };
  for (const each of [place.spool, place.state]) await mkdir(each, { mode: 0o700 });
  const agent = `[agent]\nspool = ${place.spool}\nstate = ${place.state}\nsocket = ${place.socket}\nfail2ban_client = /bin/false\nlog_level = error\n`;
  const main = `[server main]\nurl = ${server.url}\nclient = ${server.client}\nkey = ${server.keyText}\nplaintext = yes\n`;
  await writeFile(place.config, agent + main, { mode: 0o600 });
  return place;
}

function start(test: Ending, program: string, words: readonly string[]): ChildProcess {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout?.resume();
  test.after(() => end(child, 'SIGKILL'));
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

const startAgent = (test: Ending, { config }: Place): ChildProcess =>
  start(test, process.execPath, [program, 'agent', '--config', config]);

/** From when it resolves these calls on files of the state fail with EIO, as on a broken disk. @returns ends it */
async function breakDisk(
  test: Ending,
  { state }: Place,
  agent: ChildProcess,
  calls: string,
): Promise<() => Promise<void>> {
  const files = ['journal', 'journal.new', 'cursor.main', 'cursor.main.new'].flatMap((name) => [
    '-P',
    join(state, name),
  ]);
  const inject = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO`, '-o', '/dev/null'];
  const tracer = start(test, 'strace', ['-f', ...files, ...inject, '-p', String(agent.pid)]);
  tracer.on('error', () => assert.fail('strace is missing: as root, apt-get install strace'));
  let said = '';
  tracer.stderr?.on('data', (text) => {
    said += String(text);
  });
  await until(() => /attached/.test(said) || tracer.exitCode !== null, 'strace is attached');
  assert.match(said, /attached/);
  return () => end(tracer, 'SIGINT');
}

const line = (verb: string, network: string): string => `${actionLine(verb, 'sshd', network).replaceAll(' ', '\t')}\n`;

async function faultsOf({ socket }: Place): Promise<string> {
  return JSON.stringify((await callLocalSocket(socket, 'status', {}))['faults']);
}

/** Up to which number the server has answered, as the agent has noted it. */
function acknowledged({ state }: Place): number {
  const cursor = join(state, 'cursor.main');
  const [, number] = (existsSync(cursor) && /"number":(\d+)/.exec(readFileSync(cursor, 'utf8'))) || [];
  return Number(number ?? 0);
}

const queued = ({ spool }: Place): string =>
  readdirSync(spool)
    .filter((name) => /^(?:queue|taken\.\d+)$/.test(name))
    .map((name) => readFileSync(join(spool, name), 'utf8'))
    .join('');

const faults = { 'a sync': 'fsync,fdatasync', 'a write': 'write,pwrite64,writev,pwritev' };

for (const [what, calls] of Object.entries(faults)) {
  for (const isKilled of [false, true]) {
    const then = isKilled ? 'after a kill, too' : 'when the disk is well again';
    testWithEnding(`sends nothing that ${what} did not make durable, and all of it ${then}`, async (context) => {
      const server = await startServer(context);
      const place = await makePlace(context, server);
      const agent = startAgent(context, place);
      await server.when(() => server.logins === 1);
      await appendToQueue(place.spool, line('ban', '203.0.113.1'));
      await until(() => acknowledged(place) === 1, 'the answer is noted');
      const heal = await breakDisk(context, place, agent, calls);
      await appendToQueue(place.spool, line('ban', '203.0.113.2') + line('unban', '203.0.113.1'));
      await until(
        async () => /EIO.*are not sent/.test(await faultsOf(place)),
        'the agent says that its disk is broken',
      );
      const byHand = { verb: 'ban', jail: 'sshd', network: '203.0.113.3', ttlSeconds: 600 };
      assert.match(JSON.stringify(await callLocalSocket(place.socket, 'submit', byHand)), /waiting.*EIO/);
      assert.deepEqual(server.numbers, [1]);
      for (const network of ['203.0.113.2', '203.0.113.3']) assert.ok(queued(place).includes(network), network);
      if (isKilled) await end(agent, 'SIGKILL');
      else await heal();
      if (isKilled) startAgent(context, place);
      await server.when(() => server.has('sshd', '203.0.113.3'));
      assert.deepEqual(
        server.heard.map(({ text }) => text),
        ['ban sshd 203.0.113.1', 'ban sshd 203.0.113.2', 'unban sshd 203.0.113.1', 'ban sshd 203.0.113.3'],
      );
      await until(async () => (await faultsOf(place)) === '[]', 'all is well again');
    });
  }
}

testWithEnding('says that an event is kept only when it is, though no agent runs', async (context) => {
  const place = await makePlace(context, await startServer(context));
  const ban = [process.execPath, program, 'ban', '203.0.113.4', '--config', place.config];
  const broken = ['-f', '-e', 'inject=fsync,fdatasync:error=EIO', '-e', 'trace=fsync,fdatasync', '-o', '/dev/null'];
  const [code, said] = await runToEnd(context, 'strace', [...broken, ...ban]);
  assert.equal(code, 75);
  assert.match(said, /spool\/queue: .*EIO/);
  assert.doesNotMatch(said, /kept in/);
  const [, again] = await runToEnd(context, ban[0] ?? '', ban.slice(1));
  assert.match(again, /kept in .*queue and sent when it starts/);
});

async function runToEnd(test: Ending, program: string, words: readonly string[]): Promise<readonly [unknown, string]> {
  const child = start(test, program, words);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (text) => {
      said += String(text);
    });
  }
  const [code] = await once(child, 'close');
  return [code, said];
}
