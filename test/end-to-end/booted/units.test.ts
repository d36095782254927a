import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { lastFirst } from '../../ending.ts';
import { suiteMaxMs, waitUntil } from '../wait-until.ts';
import { installPackage } from './installed-package.ts';
import { agentUnit, Site, serverUnit } from './site.ts';

describe('server and agent under systemd', { timeout: suiteMaxMs }, () => {
  const ending = lastFirst({ after });
  let site: Site;
  before(async () => {
    site = await Site.start(ending, await installPackage(ending));
  });

  it('are set up by their commands, and a ban of fail2ban reaches Proxmox', async () => {
    await site.setUpServer();
    await site.setUpAgent();
    await site.offend('203.0.113.7');
    await site.isBlocked('203.0.113.7');
  });

  it('tell the journal in sentences, with priorities', async () => {
    const read = (unit: string, priority: string): Promise<string> =>
      site.machine.sh(`journalctl --unit=${unit} --priority=${priority} --output=cat`);
    assert.match(await read(agentUnit, 'info'), /^connected: server main, as /m);
    assert.match(await read(serverUnit, 'info'), /^ban: .*network 203\.0\.113\.7/m);
    await site.machine.sh(`systemctl stop ${serverUnit}`);
    await waitUntil('the agent warns', async () =>
      /^not connected: server main/m.test(await read(agentUnit, 'warning')),
    );
    assert.doesNotMatch(await read(agentUnit, 'warning'), /^connected/m);
    await site.machine.sh(`systemctl start ${serverUnit}`);
  });

  it('come back after a reboot with all that they had', async () => {
    await site.machine.reboot();
    await site.offend('203.0.113.8');
    await site.isBlocked('203.0.113.8');
    await site.isBlocked('203.0.113.7');
  });
});
