import assert from 'node:assert/strict';
import { copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Outbox } from '../../../client/outbox.ts';
import type { NewEvent } from '../../../client/outbox-event.ts';
import { Bell } from '../../../shared/bell.ts';
import { makeFolder } from '../../ending.ts';
import { network } from '../../server/samples.ts';

function open(directory: string): Promise<Outbox> {
  const makeStreamId = () => crypto.randomUUID();
  return Outbox.open({ directory, bells: new Map([['main', new Bell()]]), makeStreamId });
}

function ban(last: number): NewEvent {
  const acceptedAt = Date.UTC(2026, 10, 30, 12, last);
  return { verb: 'ban', jail: 'sshd', network: network(`203.0.113.${last}`), endsAt: null, source: 'jail', acceptedAt };
}

const everything = (outbox: Outbox) => [...outbox.lane('main').events()];
const networks = (outbox: Outbox) => everything(outbox).map((event) => String(event.network));
const all = [1, 2, 3, 4, 5, 6].map((last) => `203.0.113.${last}`);

/** Six bans, a record each, of which the server has acknowledged three. */
async function prepare(directory: string): Promise<string> {
  const outbox = await open(directory);
  for (let last = 1; last <= 6; last += 1) await outbox.accept([ban(last)], { taken: 1, offset: last * 50 });
  await acknowledge(outbox, 3);
  await outbox.close();
  return outbox.journalId;
}

async function acknowledge(outbox: Outbox, count: number): Promise<void> {
  const sent = everything(outbox).slice(0, count);
  for (const event of sent) outbox.lane('main').settle(event, { number: event.number, outcome: 'recorded' });
  await outbox.acknowledge('main');
}

/** The folder with every byte of one file changed in turn, or each of so many, and the last. */
async function forEachByte(
  folder: string,
  name: string,
  look: (copy: string, at: number) => Promise<void>,
  step = 1,
): Promise<void> {
  const original = await readFile(join(folder, name));
  const last = original.length - 1;
  for (let at = 0; at <= last; at = at < last ? Math.min(at + step, last) : at + 1) {
    const copy = `${folder}-${at}`;
    await cp(folder, copy, { recursive: true });
    const changed = Buffer.from(original);
    changed[at] = (changed[at] ?? 0) ^ 1;
    await writeFile(join(copy, name), changed);
    try {
      await look(copy, at);
    } finally {
      await rm(copy, { recursive: true });
    }
  }
}

test('a cursor with any byte changed drops no event, and is told', async (context) => {
  const folder = await makeFolder(context);
  const stream = await prepare(folder);
  await forEachByte(folder, 'cursor.main', async (copy, at) => {
    const outbox = await open(copy);
    await outbox.close();
    assert.equal(outbox.journalId, stream);
    assert.deepEqual(networks(outbox), all, `byte ${at}`);
    const isNewline = at === (await readFile(join(folder, 'cursor.main'))).length - 1;
    assert.equal(outbox.damage.length, 1, `byte ${at}${isNewline ? ', the newline' : ''}`);
    assert.match(outbox.damage[0] ?? '', /cursor\.main: it is damaged/);
  });
});

test('a journal with any byte changed begins a new one, reads the queue again from there, and is told', async (context) => {
  const folder = await makeFolder(context);
  const stream = await prepare(folder);
  const last = (await readFile(join(folder, 'journal'))).length - 1;
  await forEachByte(
    folder,
    'journal',
    async (copy, at) => {
      const outbox = await open(copy);
      await outbox.close();
      if (at === last) {
        // A last line without its newline was being written: it is still in the queue, and nobody was told of it.
        assert.deepEqual([outbox.journalId, outbox.offsetOf(1), outbox.damage], [stream, 250, []]);
        return;
      }
      assert.notEqual(outbox.journalId, stream);
      assert.equal(outbox.damage.length, 1);
      const lost = all.slice(3).filter((each) => !networks(outbox).includes(each));
      assert.ok(lost.length <= 2, `byte ${at}: ${lost.join()}`);
      const first = all.indexOf(lost[0] ?? '');
      if (first >= 0) assert.ok(outbox.offsetOf(1) <= first * 50, `byte ${at}: ${first} is read again`);
      assert.match(outbox.damage[0] ?? '', /damaged: .* records; events taken over from .* on may be lost|it is empty/);
    },
    7,
  );
});

test('a journal that is restored from an older copy begins a new one, and is told with the time', async (context) => {
  const folder = await makeFolder(context);
  const early = await open(folder);
  await early.accept([ban(1)]);
  await early.close();
  await copyFile(join(folder, 'journal'), join(folder, 'copy'));
  const later = await open(folder);
  await later.accept([ban(2), ban(3)]);
  await acknowledge(later, 3);
  await later.close();
  await copyFile(join(folder, 'copy'), join(folder, 'journal'));
  const after = await open(folder);
  assert.notEqual(after.journalId, early.journalId);
  assert.match(after.damage.join(), /older than it should be: it ends with number 1.*since 2026-11-30T12:01/);
  const [next] = await after.accept([ban(4)]);
  assert.equal(everything(after).at(-1)?.number, next?.number);
  await after.close();
});

test('a journal that is gone begins a new one, and is told when a server knows one', async (context) => {
  const folder = await makeFolder(context);
  const stream = await prepare(folder);
  await rm(join(folder, 'journal'));
  const outbox = await open(folder);
  await outbox.close();
  assert.notEqual(outbox.journalId, stream);
  assert.match(outbox.damage.join(), /journal: it is not there/);
});

const harmless: readonly [string, (folder: string) => Promise<void>][] = [
  ['is of the agent of before, without a checksum', (folder) => oldCursor(folder, 3)],
  ['is of the agent of before, with a digit changed', (folder) => oldCursor(folder, 5)],
  ['is gone', (folder) => rm(join(folder, 'cursor.main'))],
  ['is empty after a loss of power', (folder) => writeFile(join(folder, 'cursor.main'), '\0\0\0\0')],
];
for (const [what, make] of harmless) {
  test(`sends everything again when the cursor ${what}`, async (context) => {
    const folder = await makeFolder(context);
    const stream = await prepare(folder);
    await make(folder);
    const outbox = await open(folder);
    await outbox.close();
    assert.deepEqual([outbox.journalId, networks(outbox), outbox.damage], [stream, all, []]);
  });
}

async function oldCursor(folder: string, number: number): Promise<void> {
  const [, json = ''] = /^\S+ (.*)$/m.exec(await readFile(join(folder, 'cursor.main'), 'utf8')) ?? [];
  await writeFile(join(folder, 'cursor.main'), `${JSON.stringify({ ...JSON.parse(json), number })}\n`);
}

test('tells damage once: the next start finds all well', async (context) => {
  const folder = await makeFolder(context);
  await prepare(folder);
  await writeFile(join(folder, 'cursor.main'), 'nonsense\n');
  const first = await open(folder);
  await first.close();
  const second = await open(folder);
  await second.close();
  assert.deepEqual([first.damage.length, second.damage.length], [1, 0]);
  assert.deepEqual(networks(second), all);
});

test('gives no number of a stream a second meaning when the whole folder is set back', async (context) => {
  const folder = await makeFolder(context);
  const first = await open(folder);
  await first.accept([ban(1)]);
  await first.close();
  const copy = `${folder}-copy`;
  await cp(folder, copy, { recursive: true });
  context.after(() => rm(copy, { recursive: true }));
  const meanings = new Map<string, string>();
  for (const [place, last] of [
    [folder, 2],
    [copy, 3],
    [copy, 4],
  ] as const) {
    const outbox = await open(place);
    await outbox.accept([ban(last)]);
    for (const { stream, number, network: meant } of everything(outbox)) {
      const name = `${stream} ${number}`;
      assert.equal(meanings.get(name) ?? meant, meant, name);
      meanings.set(name, meant);
    }
    await outbox.close();
  }
  assert.equal(new Set(meanings.values()).size, 4);
});
