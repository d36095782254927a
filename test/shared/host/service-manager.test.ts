import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ServiceManager } from '../../../shared/host/service-manager.ts';
import { makeFolder, testWithEnding } from '../../ending.ts';
import { ManualClock } from '../../manual-clock.ts';
import { until } from '../../until.ts';

testWithEnding('systemd hears the words in their order, also after one that took long or failed', async (context) => {
  const folder = await makeFolder(context);
  const [program, heard] = [join(folder, 'notify'), join(folder, 'heard')];
  const slowFirst = 'case $1 in READY=1) sleep 0.3;; RELOADING=1) exit 1;; esac';
  await writeFile(program, `#!/bin/sh\n${slowFirst}\necho "$1" >> "$NOTIFY_SOCKET"\n`, { mode: 0o755 });
  const errors: Error[] = [];
  const service = new ServiceManager({ NOTIFY_SOCKET: heard }, (error) => errors.push(error), program);
  for (const word of ['READY=1', 'RELOADING=1', 'STOPPING=1'] as const) service.notify(word);
  const read = () => readFile(heard, 'utf8').catch(() => '');
  await until(async () => (await read()).includes('STOPPING=1'), 'all words are heard');
  assert.equal(await read(), 'READY=1\nSTOPPING=1\n');
  assert.equal(errors.length, 1);
});

testWithEnding('the line of the status is told at once, and again only when it is another', async (context) => {
  const folder = await makeFolder(context);
  const [program, heard] = [join(folder, 'notify'), join(folder, 'heard')];
  await writeFile(program, '#!/bin/sh\necho "$1" >> "$NOTIFY_SOCKET"\n', { mode: 0o755 });
  const clock = new ManualClock();
  const service = new ServiceManager({ NOTIFY_SOCKET: heard }, (error) => assert.fail(error), program);
  let status = 'connected';
  const end = service.keepStatus(clock, () => status);
  clock.advance(60_000);
  status = 'NOT connected';
  clock.advance(60_000);
  end();
  status = 'stopped';
  clock.advance(60_000);
  service.notify('STOPPING=1');
  const read = () => readFile(heard, 'utf8').catch(() => '');
  await until(async () => (await read()).includes('STOPPING=1'), 'all words are heard');
  assert.equal(await read(), 'STATUS=connected\nSTATUS=NOT connected\nSTOPPING=1\n');
});
