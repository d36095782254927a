import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { pino } from 'pino';
import { showClock } from '../../../server/commands/show/show-clock.ts';
import { showStatus } from '../../../server/commands/show/show-server.ts';
import { readRunningServer } from '../../../server/doctor/facts/read-running-server.ts';
import { judgeServer } from '../../../server/doctor/judge/judge-server.ts';
import { formatKeptTime, parseKeptTime } from '../../../server/timekeeping/kept-time.ts';
import { type Moving, Timekeeping } from '../../../server/timekeeping/timekeeping.ts';
import { thisBoot } from '../../../shared/host/boot.ts';
import { commandRunner } from '../../../shared/host/command-runner.ts';
import type { ClockJump } from '../../../shared/trusted-clock.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { withServer } from '../running-server.ts';

/** ss and ps are not asked. */
const noPrograms = commandRunner('/nonexistent');

const log = pino({ level: 'silent' });
const boot = { id: 'a', uptimeMs: () => 1_000 };
const day = 86_400_000;

/** Nothing was recorded meanwhile. */
const nothing = (jump: ClockJump): Moving => ({
  jump,
  move: () => Promise.resolve(),
  moveRest: () => Promise.resolve(),
});

testWithEnding('goes on from the time that it kept, in the first folder that takes it', async (context) => {
  const folder = await makeFolder(context);
  const folders = [join(folder, 'nowhere'), folder];
  const host = new ManualClock();
  const before = await Timekeeping.open({ folders, host, boot, log });
  await before.keep();
  assert.equal((await stat(join(folder, 'clock.json'))).mode & 0o777, 0o600);
  const right = host.now();
  host.set(60 * day);
  const after = await Timekeeping.open({ folders, host, boot, log });
  assert.deepEqual([after.clock.now(), after.state.kind], [right, 'disputed']);
  await after.believe(nothing);
  const believed = await Timekeeping.open({ folders, host, boot, log });
  assert.deepEqual([believed.clock.now(), believed.state.kind], [right + 60 * day, 'agreed']);
  assert.deepEqual(await readdir(folder), ['clock.json']);
});

testWithEnding('goes on from the time that it was told last, whatever another folder took before', async (context) => {
  const folder = await makeFolder(context);
  const [best, spare] = [join(folder, 'best'), join(folder, 'spare')];
  await mkdir(spare);
  const host = new ManualClock();
  const right = host.now();
  host.set(60 * day);
  const time = await Timekeeping.open({ folders: [best, spare], host, boot, log });
  await time.keep();
  await mkdir(best);
  host.set(-60 * day);
  await time.believe(nothing);
  const after = await Timekeeping.open({ folders: [best, spare], host, boot, log });
  assert.deepEqual([after.clock.now(), after.state.kind], [right, 'agreed']);
});

testWithEnding('goes on from what it wrote last, not from a later time in a folder that is back', async (context) => {
  const folder = await makeFolder(context);
  const [best, away, spare] = [join(folder, 'best'), join(folder, 'away'), join(folder, 'spare')];
  for (const each of [best, spare]) await mkdir(each);
  const host = new ManualClock();
  const right = host.now();
  host.set(60 * day);
  const time = await Timekeeping.open({ folders: [best, spare], host, boot, log });
  await time.keep();
  await rename(best, away);
  host.set(-60 * day);
  await time.believe(nothing);
  await rename(away, best);
  const after = await Timekeeping.open({ folders: [best, spare], host, boot, log });
  assert.deepEqual([after.clock.now(), after.state.kind], [right, 'agreed']);
});

testWithEnding('believes the clock of the host when nothing readable was kept', async (context) => {
  const folder = await makeFolder(context);
  await writeFile(join(folder, 'clock.json'), '{"time":');
  const host = new ManualClock();
  const time = await Timekeeping.open({ folders: [folder], host, boot, log });
  assert.deepEqual([time.clock.now(), time.state.kind], [host.now(), 'agreed']);
});

it('takes nothing for a time that it did not write as one', () => {
  const kept = { time: 5, boot: 'a', uptimeMs: 7, dispute: { offsetMs: -3, stoodMs: 2, disputedMs: 4 } };
  for (const each of [kept, { ...kept, boot: undefined, dispute: undefined }])
    assert.deepEqual(parseKeptTime(formatKeptTime({ kept: each, revision: 3 })), { kept: each, revision: 3 });
  fc.assert(fc.property(fc.json(), (text) => assert.equal(parseKeptTime(text), undefined)));
});

it('takes no time of which a character has changed', () => {
  const kept = {
    time: 1_796_088_040_719,
    boot: 'a',
    uptimeMs: 7,
    dispute: { offsetMs: -3, stoodMs: 2, disputedMs: 4 },
  };
  const written = { kept, revision: 41 };
  const text = formatKeptTime(written);
  for (const [at, character] of [...text.trimEnd()].entries()) {
    for (const other of '09:e"x'.replace(character, '')) {
      const changed = parseKeptTime(text.slice(0, at) + other + text.slice(at + 1));
      assert.ok(changed === undefined || isDeepStrictEqual(changed, written), `${character} to ${other} at ${at}`);
    }
  }
});

testWithEnding('a kept time with a changed digit ends nothing, and is told', async (context) => {
  const folder = await makeFolder(context);
  const file = join(folder, 'clock.json');
  const host = new ManualClock();
  await (await Timekeeping.open({ folders: [folder], host, boot, log })).keep();
  const right = await readFile(file, 'utf8');
  await writeFile(file, right.replace(/"time":\d/, '"time":9'));
  const told: string[] = [];
  const telling = pino({ level: 'error' }, { write: (line: string) => told.push(line) });
  const after = await Timekeeping.open({ folders: [folder], host, boot, log: telling });
  assert.deepEqual([after.clock.now(), after.state.kind, told.length], [host.now(), 'agreed', 1]);
  assert.match(told[0] ?? '', /clock\.json.*is damaged/);
});

it('knows the boot of this host', () => {
  const { id, uptimeMs } = thisBoot('handed-over');
  assert.match(id ?? '', /^[0-9a-f]{32}$/);
  assert.ok(uptimeMs() > 0);
});

testWithEnding('a server whose host has a wrong clock says so, and believes it when it is told to', async (context) => {
  const host = new ManualClock();
  const timekeeping = await Timekeeping.open({ folders: [await makeFolder(context)], host, boot, log });
  await withServer(
    async (server) => {
      assert.equal(showClock(await server.ask('clock')), 'the clock of this host is believed');
      await server.ask('ban', { network: '203.0.113.1', ttl: '30d' });
      host.set(60 * day);
      await until(server);
      assert.equal((await server.ask('status'))['bans'], 1);
      assert.match(
        showStatus(await server.ask('status')),
        /^clock: NOT BELIEVED: it says 2026-03-02 .* taken is 2026-01-01/m,
      );
      const said = judgeServer(await readRunningServer(server.settings.socket, noPrograms), '0.0.0');
      const found = said.find(({ code }) => code === 'clock-disputed');
      assert.match(found?.consequence ?? '', /believed by itself in 23h 59m$/);
      assert.equal((await server.ask('clock', { believe: true }))['kind'], 'agreed');
      await until(server);
      assert.equal((await server.ask('status'))['bans'], 0);
    },
    undefined,
    { parts: { clock: timekeeping.clock, timekeeping } },
  );

  /** Lets the sweep of each second go by. */
  async function until(server: { ask(verb: string): Promise<unknown> }): Promise<void> {
    for (let second = 0; second < 3; second += 1) {
      host.advance(1_000);
      await server.ask('status');
    }
  }
});
