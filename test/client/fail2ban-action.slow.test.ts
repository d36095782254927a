import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { type Fail2ban, makeFail2ban } from '../../client/fail2ban-client.ts';
import { readWiredJails } from '../../client/jails/jail-reader.ts';
import { readJailNames } from '../../client/jails/read-jail-names.ts';
import { parseJailList } from '../../client/jails.ts';
import { parseQueueLine } from '../../client/queue-line.ts';
import { carryJail, showJail } from '../../shared/jail-name.ts';
import { type Ending, makeFolder } from '../ending.ts';
import { until } from '../until.ts';

const run = promisify(execFile);
const actionFile = new URL('../../../client/fail2ban/action.d/fail2networkban.conf', import.meta.url).pathname;
const never = new AbortController().signal;

/** A command of the action as fail2ban runs it: `%%` is one `%`, tags are replaced, `sh -c` does the rest. */
async function perform(command: string, spool: string, tags: Readonly<Record<string, string>>): Promise<void> {
  const text = await readFile(actionFile, 'utf8');
  const [, template = ''] = new RegExp(`^${command} = (.+(?:\\n\\t.+)*)$`, 'm').exec(text) ?? [];
  const replaced = template
    .replaceAll('%%', '%')
    .replace(/<([a-z]+)>/g, (tag, name: string) => ({ spool, ...tags })[name] ?? tag);
  await run('sh', ['-c', replaced]);
}

async function linesOf(spool: string): Promise<string[]> {
  return (await readFile(join(spool, 'queue'), 'utf8')).trimEnd().split('\n');
}

const tags = {
  ...{ name: 'sshd', ip: '203.0.113.7', bantime: '600', failures: '5', bancount: '1', time: '1795234714.68' },
  labels: 'site=fra1',
};

const meanings: readonly [string, string][] = [
  ['actionban', 'ban'],
  ['actionprolong', 'ban'],
  ['actionunban', 'unban'],
];
for (const [command, verb] of meanings) {
  test(`writes a line in ${command} that the queue reads as ${verb}`, async (context) => {
    const spool = await makeFolder(context);
    await perform(command, spool, tags);
    const [line = ''] = await linesOf(spool);
    const read = parseQueueLine(line);
    assert.ok(read.kind === 'event');
    assert.deepEqual(read.labels, verb === 'ban' ? { site: 'fra1' } : undefined);
    assert.deepEqual(
      [read.verb, read.jail, read.network, read.bantimeSeconds, read.failedAt, read.source],
      [verb, 'sshd', '203.0.113.7', 600, 1_795_234_714_680, 'jail'],
    );
  });
}

test('writes flush and stop lines that the queue reads', async (context) => {
  const spool = await makeFolder(context);
  await perform('actionflush', spool, { name: 'sshd', family: 'inet6' });
  await perform('actionstop', spool, { name: 'sshd' });
  assert.deepEqual((await linesOf(spool)).map(parseQueueLine), [
    { kind: 'flush', jail: 'sshd' },
    { kind: 'stop', jail: 'sshd' },
  ]);
});

/** fail2ban with a configuration of its own: one jail, by hand only, with our action from the sources. */
async function startFail2ban(
  test: Ending,
  jails = jailConf,
): Promise<{ readonly spool: string; readonly ask: Fail2ban }> {
  const folder = await makeFolder(test);
  const spool = join(folder, 'spool');
  for (const name of ['spool', 'etc', 'etc/action.d', 'etc/filter.d']) await mkdir(join(folder, name));
  await copyFile(actionFile, join(folder, 'etc/action.d/fail2networkban.conf'));
  await writeFile(join(folder, 'etc/fail2ban.conf'), fail2banConf(folder));
  await writeFile(join(folder, 'etc/jail.conf'), jails(spool));
  const server = spawn('fail2ban-server', ['-c', join(folder, 'etc'), '-f', 'start'], { stdio: 'ignore' });
  const ask = makeFail2ban({ program: 'fail2ban-client', socket: join(folder, 'f.sock') });
  test.after(async () => {
    server.kill('SIGTERM');
    await until(() => server.exitCode !== null || server.signalCode !== null, 'fail2ban has ended');
  });
  await until(() => existsSync(join(folder, 'f.sock')), 'fail2ban listens');
  await until(async () => (await readJailNames(ask, never)).length > 0, 'fail2ban has its jails');
  return { spool, ask };
}

function fail2banConf(folder: string): string {
  return `[Definition]
loglevel = INFO
logtarget = ${folder}/fail2ban.log
syslogsocket = auto
socket = ${folder}/f.sock
pidfile = ${folder}/f.pid
dbfile = :memory:
dbpurgeage = 1d
dbmaxmatches = 10
`;
}

function jailConf(spool: string): string {
  return `[by-hand]
enabled = true
filter =
backend = polling
logpath = /dev/null
bantime = 600
findtime = 600
maxretry = 3
action = fail2networkban[spool=${spool}]
`;
}

test('is driven by the real fail2ban: bans, unbans, flushes, and what is no address', async (context) => {
  const { spool, ask } = await startFail2ban(context);
  assert.equal((await ask(['get', 'by-hand', 'action', 'fail2networkban', 'timeout'], never)).trim(), '5');
  assert.equal((await ask(['get', 'by-hand', 'action', 'fail2networkban', 'norestored'], never)).trim(), 'True');
  await ask(['set', 'by-hand', 'banip', '203.0.113.7', '2001:DB8::7', '$(touch x)'], never);
  const written = (await linesOf(spool)).map(parseQueueLine);
  assert.deepEqual(
    written.map((line) => (line.kind === 'event' ? `${line.verb} ${line.network} ${line.bantimeSeconds}` : line.kind)),
    ['ban 203.0.113.7 600', 'ban 2001:db8::7 600', 'unreadable'],
  );
  const list = parseJailList(await ask(['get', 'by-hand', 'banip', '--with-time'], never));
  assert.deepEqual([...list.keys()].sort(), ['2001:db8::7', '203.0.113.7']);
  await ask(['set', 'by-hand', 'unbanip', '203.0.113.7'], never);
  const last = parseQueueLine((await linesOf(spool)).at(-1) ?? '');
  assert.ok(last.kind === 'event' && last.verb === 'unban' && last.network === '203.0.113.7');
  await ask(['unban', '--all'], never);
  assert.ok((await linesOf(spool)).slice(4).every((line) => parseQueueLine(line).kind === 'flush'));
});

/** Names that fail2ban takes; a shell that saw one of them as more than text would make `pwned`. */
const oddNames = [
  ...[
    'my jail',
    'a',
    'a, b',
    'b',
    'a:b',
    'x/y',
    'über',
    "it's",
    'q"q',
    '100%',
    '_under',
    '-dash',
    '#hash',
    'back\\slash',
  ],
  ...[
    '$(touch pwned)',
    '`touch pwned`',
    '"; touch pwned; "',
    "'; touch pwned; '",
    '$HOME',
    '$IFS',
    'a&touch pwned&',
    '*',
  ],
  ...['> pwned', 'a|touch pwned', 'x'.repeat(200), 'ü'.repeat(60), '~root', '!x', 'F2NB-NAME'],
];

function oddJails(spool: string): string {
  return oddNames.map((name) => jailConf(spool).replace('[by-hand]', `[${name}]`)).join('\n');
}

test('carries names of jails as the real fail2ban allows them, and none is carried out', async (context) => {
  const { spool, ask } = await startFail2ban(context, oddJails);
  const wired = await readWiredJails(ask, never);
  assert.deepEqual(wired.map(({ name }) => name).sort(), oddNames.toSorted());
  for (const name of oddNames) await ask(['set', name, 'banip', '203.0.113.7'], never);
  const read = (await linesOf(spool)).map(parseQueueLine);
  assert.deepEqual(
    read.map((line) => (line.kind === 'event' ? line.jail : line.kind)),
    oddNames.map(carryJail),
  );
  assert.deepEqual(
    oddNames.filter((name) => showJail(carryJail(name)) !== name).map((name) => name.length),
    [200, 60],
  );
  for (const folder of ['/', spool, join(spool, '..')]) assert.equal(existsSync(join(folder, 'pwned')), false);
});

test("hands over under the action's own name, and says which jail it is in", async (context) => {
  const { spool, ask } = await startFail2ban(context, (folder) =>
    jailConf(folder).replace('fail2networkban[', 'fail2networkban[name=SSH, bantime=600, '),
  );
  assert.deepEqual(await readWiredJails(ask, never), [{ name: 'by-hand', jail: 'by-hand', aliases: ['SSH'] }]);
  await ask(['set', 'by-hand', 'banip', '203.0.113.7'], never);
  const [line] = (await linesOf(spool)).map(parseQueueLine);
  assert.equal(line?.kind === 'event' && line.jail, 'SSH');
});
