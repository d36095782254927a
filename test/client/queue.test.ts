import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { graceMs } from '../../client/queue/taken-files.ts';
import { pollMs } from '../../client/queue.ts';
import { type Ending, makeFolder, testWithEnding } from '../ending.ts';
import { ManualClock } from '../manual-clock.ts';
import { until } from '../until.ts';
import { actionLine, type Running, settingsFor, startAgent } from './agent-under-test.ts';

/** An agent without a server: what it takes over stays countable. */
async function startAlone(test: Ending, clock: ManualClock, folder?: string): Promise<Running> {
  return startAgent(test, settingsFor(folder ?? (await makeFolder(test)), []), { clock });
}

const tabs = (line: string): string => `${line.split(' ').join('\t')}\n`;

/** Lets the queue look until nothing is left of a file. */
async function pass(clock: ManualClock, isOver: () => boolean): Promise<void> {
  await until(() => {
    clock.advance(pollMs);
    return isOver();
  }, 'nothing is left of the file');
}

testWithEnding('deletes a taken file only when a late writer can no longer come', async (context) => {
  const clock = new ManualClock();
  const running = await startAlone(context, clock);
  await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await until(() => running.agent.outbox.lastNumber === 1, 'the ban is read');
  clock.advance(graceMs - pollMs);
  assert.ok(existsSync(join(running.spool, 'taken.1')));
  await pass(clock, () => !existsSync(join(running.spool, 'taken.1')));
});

testWithEnding('reads what a writer that opened the queue before adds afterwards', async (context) => {
  const clock = new ManualClock();
  const running = await startAlone(context, clock);
  const late = await open(join(running.spool, 'queue'), 'a');
  await until(() => existsSync(join(running.spool, 'taken.1')), 'the file is taken over');
  await late.write(tabs(actionLine('ban', 'sshd', '203.0.113.7')));
  await until(() => running.agent.outbox.lastNumber === 1, 'the ban is read');
  await late.close();
});

testWithEnding('waits for the rest of a line that has no newline yet', async (context) => {
  const running = await startAlone(context, new ManualClock());
  const line = tabs(actionLine('ban', 'sshd', '203.0.113.7'));
  const writer = await open(join(running.spool, 'queue'), 'a');
  await writer.write(tabs(actionLine('ban', 'sshd', '203.0.113.6')) + line.slice(0, 20));
  await until(() => running.agent.outbox.lastNumber === 1, 'the ban is read');
  await writer.write(line.slice(20));
  await until(() => running.agent.outbox.lastNumber === 2, 'both bans are read');
  assert.equal(running.agent.unreadable.count, 0);
  await writer.close();
});

testWithEnding('sets an unfinished line aside when its writer can no longer finish it', async (context) => {
  const clock = new ManualClock();
  const running = await startAlone(context, clock);
  await appendFile(join(running.spool, 'queue'), 'v1\tban\tss');
  await until(() => existsSync(join(running.spool, 'taken.1')), 'the file is taken over');
  await pass(clock, () => !existsSync(join(running.spool, 'taken.1')));
  assert.equal(running.agent.unreadable.count, 1);
  assert.match(await readFile(running.agent.unreadable.path, 'utf8'), /has no newline: "v1\\tban\\tss"/);
});

testWithEnding('sets a line aside that it cannot read, counts it, and reads on', async (context) => {
  const running = await startAlone(context, new ManualClock());
  await running.write('v1 ban sshd foo.invalid 600 5 1 1', actionLine('ban', 'sshd', '203.0.113.7'));
  await until(() => running.agent.outbox.lastNumber === 1, 'the ban is read');
  assert.equal(running.agent.unreadable.count, 1);
  assert.match(await readFile(running.agent.unreadable.path, 'utf8'), /"foo.invalid" is not an IPv4/);
});

testWithEnding('is not stopped by a megabyte without a newline', async (context) => {
  const running = await startAlone(context, new ManualClock());
  const line = tabs(actionLine('ban', 'sshd', '203.0.113.7'));
  await appendFile(join(running.spool, 'queue'), `${'x'.repeat(1_048_576)}\n${line}`);
  await until(() => running.agent.outbox.lastNumber === 1, 'the ban is read');
  assert.ok(running.agent.unreadable.count > 0);
});

testWithEnding('takes over what waited while no agent ran, the files of a killed one too', async (context) => {
  const folder = await makeFolder(context);
  const spool = join(folder, 'spool');
  await mkdir(spool);
  await writeFile(join(spool, 'taken.7'), tabs(actionLine('ban', 'sshd', '203.0.113.7')));
  await writeFile(join(spool, 'queue'), tabs(actionLine('ban', 'sshd', '203.0.113.8')));
  const running = await startAlone(context, new ManualClock(), folder);
  await until(() => running.agent.outbox.lastNumber === 2, 'both bans are read');
  assert.deepEqual((await readdir(spool)).sort(), ['taken.7', 'taken.8']);
});

testWithEnding('reads no line twice after a restart', async (context) => {
  const folder = await makeFolder(context);
  const before = await startAlone(context, new ManualClock(), folder);
  await before.write(actionLine('ban', 'sshd', '203.0.113.7'));
  await until(() => before.agent.outbox.lastNumber === 1, 'the ban is read');
  await before.stop();
  const after = await startAlone(context, new ManualClock(), folder);
  await after.write(actionLine('ban', 'sshd', '203.0.113.8'));
  await until(() => after.agent.outbox.lastNumber === 2, 'the second ban is read');
  assert.deepEqual((await readdir(after.spool)).sort(), ['taken.1', 'taken.2']);
});

/** What happens to the spool under a running agent. */
const losses: readonly [string, (spool: string) => void | Promise<void>][] = [
  ['was deleted', (spool) => rm(spool, { recursive: true })],
  ['was moved away', (spool) => rename(spool, `${spool}.before`)],
  [
    'was replaced by another',
    // Renamed over what is there, because the agent may have made a spool of its own in between.
    async (spool) => {
      await mkdir(`${spool}.other`, { mode: 0o700 });
      await rename(spool, `${spool}.before`);
      await rename(`${spool}.other`, spool);
    },
  ],
];
for (const [name, lose] of losses) {
  testWithEnding(`has a spool for itself again after it ${name}, and watches it`, async (context) => {
    const running = await startAlone(context, new ManualClock());
    await running.write(actionLine('ban', 'sshd', '203.0.113.7'));
    await until(() => running.agent.outbox.lastNumber === 1, 'the ban is read');
    await lose(running.spool);
    await until(() => existsSync(running.spool), 'the spool is there again');
    assert.equal((await stat(running.spool)).mode & 0o777, 0o700);
    // The clock stands still, so only a watched folder is looked at.
    for (const last of [8, 9]) {
      await appendFile(join(running.spool, 'queue'), tabs(actionLine('ban', 'sshd', `203.0.113.${last}`)));
      await until(() => running.agent.outbox.lastNumber === last - 6, 'it is read');
    }
  });
}
