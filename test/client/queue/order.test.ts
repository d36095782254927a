import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, chown, mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pollMs } from '../../../client/queue.ts';
import { type Ending, makeFolder, testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { network } from '../../server/samples.ts';
import { until } from '../../until.ts';
import { actionLine, type Running, settingsFor, startAgent } from '../agent-under-test.ts';

const tabs = (line: string): string => `${line.split(' ').join('\t')}\n`;
const line = (verb: string, last: number): string => tabs(actionLine(verb, 'sshd', `203.0.113.${last}`));

async function prepare(test: Ending): Promise<{ readonly folder: string; readonly spool: string }> {
  const folder = await makeFolder(test);
  const spool = join(folder, 'spool');
  await mkdir(spool, { mode: 0o700 });
  return { folder, spool };
}

/** An agent on this clock whose server is away: what it took over stays to be seen. */
async function start(test: Ending, folder: string, clock = new ManualClock(Date.now())): Promise<Running> {
  const server = { name: 'main', url: 'ws://127.0.0.1:9', client: 'web1', trust: { kind: 'plaintext' } } as const;
  const key = { id: 'abcdefgh', secret: Buffer.alloc(32) };
  return startAgent(test, settingsFor(folder, [{ ...server, key }]), { clock });
}

function lastWords({ agent }: Running): readonly string[] {
  return agent.outbox
    .lane('main')
    .first(1_000)
    .map(({ verb, network }) => `${verb} ${network}`);
}

testWithEnding('reads taken files by their numbers, not by their names', async (context) => {
  const { folder, spool } = await prepare(context);
  for (let number = 1; number <= 12; number += 1) {
    await writeFile(
      join(spool, `taken.${number}`),
      line(number % 2 === 0 ? 'unban' : 'ban', 7) + line('ban', number + 20),
    );
  }
  await writeFile(join(spool, 'queue'), line('ban', 7));
  const running = await start(context, folder);
  await until(() => running.agent.outbox.lastNumber === 25, 'all is read');
  assert.deepEqual(lastWords(running).at(-1), 'ban 203.0.113.7');
  assert.deepEqual(lastWords(running).at(0), 'ban 203.0.113.21');
});

const foreign: readonly [string, (path: string, folder: string) => Promise<void>, RegExp][] = [
  ['a folder', (path) => mkdir(path).then(() => undefined), /no plain file/],
  [
    'a symbolic link',
    async (path, folder) => {
      await writeFile(join(folder, 'secret'), line('ban', 9));
      await symlink(join(folder, 'secret'), path);
    },
    /no plain file/,
  ],
  ['a pipe', async (path) => void spawnSync('mkfifo', [path]), /no plain file/],
  [
    "another user's file",
    async (path) => {
      await writeFile(path, line('ban', 9));
      await chown(path, 65_534, 65_534);
    },
    /belongs to user 65534/,
  ],
];
for (const [what, make] of foreign) {
  testWithEnding(`puts ${what} in place of the queue aside, and reads on`, async (context) => {
    const { folder, spool } = await prepare(context);
    await make(join(spool, 'queue'), folder);
    const clock = new ManualClock(Date.now());
    const running = await start(context, folder, clock);
    await until(() => existsSync(join(spool, 'foreign.1')), 'it is put aside');
    await appendFile(join(spool, 'queue'), line('ban', 7));
    await until(() => {
      clock.advance(pollMs);
      return running.agent.outbox.lastNumber === 1;
    }, 'the next is read');
    assert.deepEqual(lastWords(running), ['ban 203.0.113.7']);
    assert.deepEqual(await readdir(spool), ['foreign.1', 'taken.1'].sort());
  });
}

testWithEnding('takes an event by hand over behind what fail2ban wrote before it', async (context) => {
  const { folder, spool } = await prepare(context);
  const running = await start(context, folder);
  const unbanned = network('203.0.113.7');
  for (let round = 1; round <= 20; round += 1) {
    await appendFile(join(spool, 'queue'), line('ban', 7));
    const event = {
      verb: 'unban',
      jail: 'sshd',
      network: unbanned,
      endsAt: null,
      source: 'hand',
      acceptedAt: 1,
    } as const;
    await running.agent.takeByHand(event);
    assert.deepEqual(lastWords(running), [`unban ${unbanned}`], `round ${round}`);
  }
});
