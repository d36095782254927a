import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { findSupervisor } from '../../../shared/host/supervisor.ts';
import { type Ending, makeFolder, testWithEnding } from '../../ending.ts';

const service = { name: 'thing', command: 'thing run', unitFile: '/opt/thing/thing.service' };

/** A root with a systemd that runs, if any, and a unit at this place. */
async function rootWith(test: Ending, isRunning: boolean, unit?: string): Promise<string> {
  const root = await makeFolder(test);
  if (isRunning) await mkdir(join(root, 'run/systemd/system'), { recursive: true });
  if (unit === undefined) return root;
  await mkdir(dirname(join(root, unit)), { recursive: true });
  await writeFile(join(root, unit), '');
  return root;
}

const installations: readonly (readonly [what: string, unit: string | undefined, start: string])[] = [
  ['a package', 'usr/lib/systemd/system/thing.service', 'systemctl enable --now thing'],
  ['a link of `systemctl enable`', 'etc/systemd/system/thing.service', 'systemctl enable --now thing'],
  ['npm, not enabled yet', undefined, 'systemctl enable --now /opt/thing/thing.service'],
];
for (const [what, unit, start] of installations)
  testWithEnding(`names the unit that systemd knows: from ${what}`, async (context) => {
    const supervisor = findSupervisor(await rootWith(context, true, unit));
    assert.equal(supervisor.start(service), start);
    const isKnown = unit !== undefined;
    assert.equal(supervisor.startOrRestart(service), isKnown ? 'systemctl restart thing' : start);
  });

testWithEnding('never names systemctl where no systemd runs, also beside its files', async (context) => {
  const supervisor = findSupervisor(await rootWith(context, false, 'usr/lib/systemd/system/thing.service'));
  assert.equal(supervisor.kind, 'none');
  const { start, restart, startOrRestart, reload, status } = supervisor;
  for (const say of [start, restart, startOrRestart, reload, status]) {
    assert.doesNotMatch(say(service), /systemctl|journalctl/);
    assert.match(say(service), /thing run/);
  }
});
