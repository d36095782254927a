import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { lastFirst } from '../../ending.ts';
import { suiteMaxMs, waitUntil } from '../wait-until.ts';
import { installPackage } from './installed-package.ts';
import type { Machine } from './machine.ts';
import { agentUnit, Site } from './site.ts';

interface Finding {
  readonly level: string;
  readonly code: string;
}

describe("a host's setup under systemd", { timeout: suiteMaxMs }, () => {
  const ending = lastFirst({ after });
  let machine: Machine;
  before(async () => {
    const site = await Site.start(ending, await installPackage(ending));
    machine = site.machine;
    await site.setUpServer();
    await site.setUpAgent();
  });

  it('ends with a host of which the doctor calls nothing broken, at once', async () => {
    const { stdout } = await machine.run('fail2networkban', 'doctor', '--json');
    const { findings }: { readonly findings: readonly Finding[] } = JSON.parse(stdout);
    assert.deepEqual(
      findings.filter(({ level }) => level === 'broken'),
      [],
    );
    assert.ok(findings.some(({ code }) => code === 'agent-runs'));
  });

  it('blocks by nftables with the capability that the unit is given', async () => {
    const said = await machine.sh('fail2networkban setup --nftables');
    assert.match(said, /^systemctl daemon-reload\nsystemctl restart fail2networkban-agent\n/m);
    const [permit = ''] = /fail2networkban-server client set .*$/m.exec(said) ?? [];
    await machine.sh(permit);
    await machine.sh('fail2networkban-server ban 203.0.113.77');
    const show = (): Promise<string> => machine.sh('fail2networkban nftables show');
    await waitUntil('nftables holds the ban', async () => (await show()).includes('203.0.113.77'), suiteMaxMs);
  });

  it('leaves no unit, drop-in or table behind when it is undone', async () => {
    const said = await machine.sh('fail2networkban ban 203.0.113.78 && fail2networkban setup --undo');
    assert.match(said, /^main: 1 ban withdrawn\nsystemctl disable --now fail2networkban-agent\nnft delete table /m);
    assert.doesNotMatch(await machine.sh('fail2networkban-server bans'), /203\.0\.113\.78/);
    assert.doesNotMatch(await machine.sh('nft list tables'), /fail2networkban/);
    assert.notEqual((await machine.run('systemctl', 'cat', agentUnit)).code, 0);
    await machine.sh('fail2ban-client ping');
  });
});
