import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { JailNames, mapNames, sharedNames } from '../../../client/jails/jail-names.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';

const wired = (name: string, ...aliases: readonly string[]) => ({ name, jail: name, aliases });
const log = pino({ level: 'silent' });

testWithEnding('knows the jail behind a name of the action, also after a start without fail2ban', async (context) => {
  const file = join(await makeFolder(context), 'jail-names.json');
  const clock = new ManualClock();
  const names = await JailNames.open({ file, clock, log });
  assert.equal(names.jailOf('SSH'), 'SSH');
  await names.learn([wired('sshd', 'SSH'), wired('nginx')]);
  assert.deepEqual([names.jailOf('SSH'), names.jailOf('sshd'), names.jailOf('nginx')], ['sshd', 'sshd', 'nginx']);
  await names.learn([wired('sshd')]);
  const none = await JailNames.open({ file, clock, log });
  await none.known();
  assert.equal(none.jailOf('SSH'), 'SSH');
  await names.learn([wired('sshd', 'SSH')]);
  const next = await JailNames.open({ file, clock, log });
  await next.known();
  assert.equal(next.jailOf('SSH'), 'sshd');
});

testWithEnding('lets lines wait for the first answer, no longer than ten seconds', async (context) => {
  const clock = new ManualClock();
  const folder = await makeFolder(context);
  for (const end of [
    (names: JailNames) => names.learn([]),
    (names: JailNames) => names.noAnswer(),
    () => clock.advance(10_000),
  ]) {
    const file = join(folder, 'jail-names.json');
    await rm(file, { force: true });
    const names = await JailNames.open({ file, clock, log });
    let isKnown = false;
    const known = names.known().then(() => {
      isKnown = true;
    });
    await Promise.resolve();
    assert.equal(isKnown, false);
    await end(names);
    await known;
  }
});

testWithEnding('takes a damaged file for none', async (context) => {
  const file = join(await makeFolder(context), 'jail-names.json');
  await writeFile(file, '{"SSH":"ssh d\\n","x":7');
  const names = await JailNames.open({ file, clock: new ManualClock(), log });
  assert.equal(names.jailOf('SSH'), 'SSH');
});

testWithEnding("maps no name that two jails have, nor one that is another jail's own", async () => {
  const jails = [wired('a', 'web', 'b'), wired('b', 'web'), wired('c', 'c2', 'c2')];
  assert.deepEqual([...mapNames(jails)], [['c2', 'c']]);
  assert.deepEqual([...sharedNames(jails)].sort(), ['b', 'web']);
});
