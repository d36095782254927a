import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { jailsKnownMax, Outbox, rewriteFromBytes } from '../../client/outbox.ts';
import type { NewEvent, NumberedEvent } from '../../client/outbox-event.ts';
import { Bell } from '../../shared/bell.ts';
import { parseNetwork } from '../../shared/network.ts';
import { makeFolder } from '../ending.ts';

let streams = 0;

function open(directory: string, servers: readonly string[] = ['main']): Promise<Outbox> {
  streams += 1;
  const stream = `stream-${streams}`;
  return Outbox.open({
    directory,
    bells: new Map(servers.map((name) => [name, new Bell()])),
    makeStreamId: () => stream,
  });
}

function event(index: number, verb: 'ban' | 'unban' = 'ban'): NewEvent {
  const network = parseNetwork(`198.18.${index >> 8}.${index & 255}`);
  if (network === undefined) throw new Error('not a network');
  return { verb, jail: 'sshd', network, endsAt: null, source: 'jail', acceptedAt: 1 };
}

function waiting(outbox: Outbox, server = 'main'): readonly NumberedEvent[] {
  return [...outbox.lane(server).events()];
}

function settle(outbox: Outbox, events: readonly NumberedEvent[], server = 'main'): Promise<void> {
  for (const sent of events) outbox.lane(server).settle(sent, { number: sent.number, outcome: 'recorded' });
  return outbox.acknowledge(server);
}

test('keeps what is not acknowledged, with its stream and numbers, over a restart', async (context) => {
  const directory = await makeFolder(context);
  const before = await open(directory);
  await before.accept([event(1), event(2), event(3)], { taken: 1, offset: 120 });
  await settle(before, waiting(before).slice(0, 1));
  await before.close();
  const after = await open(directory);
  assert.equal(after.journalId, before.journalId);
  assert.deepEqual(
    waiting(after).map(({ number }) => number),
    [2, 3],
  );
  assert.equal(after.offsetOf(1), 120);
  assert.equal(after.nextTaken, 2);
  const [next] = await after.accept([event(4)]);
  assert.equal(next?.number, 4);
  await after.close();
});

test('forgets places in taken files that are gone', async (context) => {
  const directory = await makeFolder(context);
  const outbox = await open(directory);
  for (const taken of [1, 2, 3]) await outbox.accept([event(taken)], { taken, offset: 60 });
  outbox.forgetAllBut(new Set([2]));
  assert.deepEqual(
    [1, 2, 3].map((taken) => outbox.offsetOf(taken)),
    [0, 60, 0],
  );
  assert.equal(outbox.nextTaken, 4);
  await outbox.close();
});

test('accepts nothing once it is closed, and leaves the journal to the next agent', async (context) => {
  const directory = await makeFolder(context);
  const before = await open(directory);
  const accepting = before.accept([event(1)]);
  await before.close();
  await accepting;
  await assert.rejects(before.accept([event(2)]), /the agent stops/);
  const after = await open(directory);
  assert.equal(waiting(after).length, 1);
  await after.close();
});

test('keeps only the last event of a jail and network', async (context) => {
  const outbox = await open(await makeFolder(context));
  await outbox.accept([event(1), event(2), event(1, 'unban')]);
  assert.deepEqual(
    waiting(outbox).map(({ number, verb }) => [number, verb]),
    [
      [2, 'ban'],
      [3, 'unban'],
    ],
  );
  await outbox.close();
});

test('does not let the answer to an older event settle a newer one of the same network', async (context) => {
  const outbox = await open(await makeFolder(context));
  const sent = await outbox.accept([event(1)]);
  await outbox.accept([event(1, 'unban')]);
  await settle(outbox, sent);
  assert.deepEqual(
    waiting(outbox).map(({ number }) => number),
    [2],
  );
  await outbox.close();
});

test('keeps for each server what that server has not acknowledged', async (context) => {
  const directory = await makeFolder(context);
  const outbox = await open(directory, ['near', 'far']);
  await outbox.accept([event(1), event(2)]);
  await settle(outbox, waiting(outbox, 'near'), 'near');
  await outbox.close();
  const after = await open(directory, ['near', 'far']);
  assert.equal(waiting(after, 'near').length, 0);
  assert.equal(waiting(after, 'far').length, 2);
  await after.close();
});

test('begins a new stream when its state is lost, so that no number gets a second meaning', async (context) => {
  const before = await open(await makeFolder(context));
  const after = await open(await makeFolder(context));
  assert.notEqual(after.journalId, before.journalId);
  await before.close();
  await after.close();
});

test('begins a new stream, and keeps the events, when the middle of the journal is damaged', async (context) => {
  const directory = await makeFolder(context);
  const before = await open(directory);
  await before.accept([event(1)]);
  await before.accept([event(2)]);
  await before.accept([event(3)]);
  await before.close();
  const path = join(directory, 'journal');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"number":2', '"number":9'));
  const after = await open(directory);
  assert.notEqual(after.journalId, before.journalId);
  assert.deepEqual(
    waiting(after).map(({ network }) => network),
    ['198.18.0.1', '198.18.0.3'],
  );
  await after.close();
});

test('sends again what was acknowledged when the last cursor is lost', async (context) => {
  const directory = await makeFolder(context);
  const before = await open(directory);
  await before.accept([event(1)]);
  await settle(before, waiting(before));
  await writeFile(join(directory, 'cursor.main'), '{"stre');
  await before.close();
  const after = await open(directory);
  assert.deepEqual(
    waiting(after).map(({ number }) => number),
    [1],
  );
  await after.close();
});

test('rewrites a journal whose events are acknowledged, and goes on numbering', async (context) => {
  const directory = await makeFolder(context);
  const outbox = await open(directory);
  for (let round = 0; round < 8; round += 1) {
    await outbox.accept(Array.from({ length: 500 }, (_, index) => event(index)));
    await settle(outbox, waiting(outbox));
  }
  const [last] = await outbox.accept([event(1)]);
  assert.equal(last?.number, 4_001);
  assert.ok((await readFile(join(directory, 'journal'))).length < rewriteFromBytes + 100_000);
  await outbox.close();
});

for (const servers of [['main'], ['main', 'other'], ['here', 'main']]) {
  const away = servers.filter((name) => name !== 'here');
  test(`holds two lines a network at most for each of ${away.join(', ')} of ${servers.join(', ')} that is away`, async (context) => {
    const directory = await makeFolder(context);
    const outbox = await open(directory, servers);
    const [networks, rounds] = [2_000, 12];
    let most = 0;
    for (let at = 0; at < networks * rounds; at += 500) {
      const index = at % networks;
      const words = Array.from({ length: 500 }, (_, next) => event(index + next, at % 3 === 0 ? 'unban' : 'ban'));
      await outbox.accept(words);
      if (servers.includes('here')) await settle(outbox, waiting(outbox, 'here'), 'here');
      const journal = await readFile(join(directory, 'journal'), 'utf8');
      most = Math.max(most, journal.split('"verb"').length - 1);
    }
    assert.equal(outbox.lane('main').waiting, networks);
    const bound = 2 * networks * away.length + 1_000;
    assert.ok(most <= bound && most > networks, `${most} lines, at most ${bound}`);
    await outbox.close();
  });
}

test('loses no durable event and numbers none twice, wherever the journal is cut off', async (context) => {
  const directory = await makeFolder(context);
  const journal = join(directory, 'journal');
  const outbox = await open(directory);
  const durable: { readonly bytes: number; readonly offset: number; readonly last: number }[] = [];
  for (let index = 1; index <= 4; index += 1) {
    const offset = index * 50;
    const numbered = await outbox.accept([event(index * 2), event(index * 2 + 1)], { taken: 1, offset });
    durable.push({ bytes: (await readFile(journal)).length, offset, last: numbered.at(-1)?.number ?? 0 });
  }
  await outbox.close();
  const whole = (await readFile(journal)).length;
  const start = (await readFile(journal, 'utf8')).indexOf('\n') + 1;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: start, max: whole }), async (bytes) => {
      const copy = await makeCut(directory, bytes);
      const after = await open(copy);
      const kept = durable.findLast((batch) => batch.bytes <= bytes);
      assert.equal(after.journalId, outbox.journalId);
      assert.equal(after.offsetOf(1), kept?.offset ?? 0);
      assert.deepEqual(
        waiting(after).map(({ number }) => number),
        Array.from({ length: kept?.last ?? 0 }, (_, index) => index + 1),
      );
      await after.close();
    }),
    { numRuns: whole - start + 1, examples: Array.from({ length: whole - start + 1 }, (_, cut) => [start + cut]) },
  );
});

async function makeCut(directory: string, bytes: number): Promise<string> {
  const copy = join(directory, 'cut');
  await mkdir(copy, { recursive: true });
  await copyFile(join(directory, 'journal'), join(copy, 'journal'));
  await truncate(join(copy, 'journal'), bytes);
  return copy;
}

test('knows the last number of a bounded count of jails, and of others none that is too low', async (context) => {
  const outbox = await open(await makeFolder(context));
  assert.equal(outbox.lastNumberIn('sshd'), 0);
  await outbox.accept([event(1), { ...event(2), jail: 'nginx' }, { ...event(3) }]);
  assert.deepEqual([outbox.lastNumberIn('sshd'), outbox.lastNumberIn('nginx')], [3, 2]);
  const others = Array.from({ length: jailsKnownMax - 1 }, (_, index) => ({ ...event(index), jail: `jail-${index}` }));
  await outbox.accept(others);
  assert.deepEqual([outbox.lastNumberIn('sshd'), outbox.lastNumberIn('nginx')], [3, 2]);
  assert.equal(outbox.lastNumberIn('never-seen'), 2);
  await outbox.close();
});
