import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Fleet } from './fleet.ts';
import { settleList } from './settle-list.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

const sshd = { name: 'sshd', bantimeSeconds: 3_600 };

/** Every second address of 203.0.113.0/24 and of the networks that follow it, so that none are joined. */
function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `203.0.${113 + (index >> 7)}.${((index & 127) << 1) | 1}`);
}

describe('a host whose work is interrupted', { concurrency: 3, timeout: suiteMaxMs }, () => {
  it('hands over afterwards what happened while the server was away', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent, fail2ban } = await fleet.host('web1', { jails: [sshd] });
    const [first = '', ...others] = addresses(40);
    await fail2ban.client('set', 'sshd', 'banip', first);
    await fleet.blocks([first]);
    await fleet.server.stop();
    await fail2ban.client('set', 'sshd', 'banip', ...others);
    await fail2ban.client('set', 'sshd', 'unbanip', first, ...others.slice(0, 10));
    await waitUntil('the agent keeps them all', async () => (await agent.waiting()) === 40);
    fleet.assertBlocks([first]);
    await fleet.server.start();
    await fleet.blocks(others.slice(10), 90_000);
  });

  it('loses no ban and no unban of several hundred though its agent is killed again and again', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent, fail2ban } = await fleet.host('web1', { jails: [sshd] });
    const all = addresses(300);
    const lifted = all.filter((_, index) => index % 3 === 0);
    for (let part = 0; part < 5; part += 1) {
      const some = all.slice(part * 60, (part + 1) * 60);
      const { writes } = fleet.proxmox.log;
      const work = fail2ban
        .client('set', 'sshd', 'banip', ...some)
        .then(() => fail2ban.client('set', 'sshd', 'unbanip', ...some.filter((address) => lifted.includes(address))));
      // Killed while a part of the lines is taken over, a part is journaled and a part is acknowledged.
      await waitUntil('more is blocked', () => fleet.proxmox.log.writes > writes + 10);
      await agent.kill();
      await agent.start();
      await work;
    }
    await fleet.blocks(
      all.filter((address) => !lifted.includes(address)),
      120_000,
    );
  });

  it('makes good what was never announced, and leaves what a person banned', async (context) => {
    const fleet = await Fleet.start(context);
    const { agent, fail2ban } = await fleet.host('web1', { jails: [sshd] });
    await fail2ban.client('set', 'sshd', 'banip', '203.0.113.1', '203.0.113.3');
    const byHand = await agent.command('ban', '203.0.113.5', '--jail', 'sshd', '--ttl', '1h', '--wait');
    assert.equal(byHand.code, 0, byHand.stdout + byHand.stderr);
    await fleet.blocks(['203.0.113.1', '203.0.113.3', '203.0.113.5']);

    // A running agent would make the folder again.
    await agent.kill();
    await withoutSpool(agent.spool, async () => {
      await fail2ban.client('set', 'sshd', 'banip', '203.0.113.7');
      await fail2ban.client('set', 'sshd', 'unbanip', '203.0.113.1');
      await waitUntil('the action has failed', async () => /Failed to execute ban jail/.test(await fail2ban.log()));
    });
    await agent.start();
    await fleet.blocks(['203.0.113.3', '203.0.113.5', '203.0.113.7'], 90_000);

    await agent.kill();
    await withoutSpool(agent.spool, () => fail2ban.client('set', 'sshd', 'unbanip', '203.0.113.3'));
    await agent.start();
    await fleet.blocks(['203.0.113.5', '203.0.113.7'], 90_000);
    assert.equal(await settleList(agent, 'sshd'), 'main: 0 added');
    fleet.assertBlocks(['203.0.113.5', '203.0.113.7']);
  });
});

/** Does something while fail2ban's action cannot write. */
async function withoutSpool(spool: string, then: () => Promise<unknown>): Promise<void> {
  const away = `${spool}.away`;
  await rename(spool, away);
  await then();
  await rename(away, spool);
}
