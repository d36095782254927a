import { after, before, describe, it } from 'node:test';
import { lastFirst } from '../../ending.ts';
import { suiteMaxMs } from '../wait-until.ts';
import { installPackage } from './installed-package.ts';
import { Site } from './site.ts';

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

  it('come back after a reboot with all that they had', async () => {
    await site.machine.reboot();
    await site.offend('203.0.113.8');
    await site.isBlocked('203.0.113.8');
    await site.isBlocked('203.0.113.7');
  });
});
