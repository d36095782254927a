import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { Fleet } from './fleet.ts';
import { settleList } from './settle-list.ts';
import { suiteMaxMs } from './wait-until.ts';

/** No two of them are neighbours, so that each is an entry of its own. */
const thousand = Array.from({ length: 1_000 }, (_, index) => `198.18.${index >> 7}.${((index & 127) << 1) | 1}`);
const nothing = 'main: 0 added';

it('lifts nothing and sends nothing again when fail2ban with 1,000 bans is stopped, killed and reloaded', {
  timeout: suiteMaxMs,
}, async (context) => {
  const fleet = await Fleet.start(context);
  const { agent, fail2ban } = await fleet.host('web1', { jails: [{ name: 'sshd', bantimeSeconds: 86_400 }] });
  await fail2ban.client('set', 'sshd', 'banip', ...thousand);
  await fleet.blocks(thousand, 120_000);
  const { writes } = fleet.proxmox.log;

  await agent.stop();
  await fail2ban.stop();
  await fail2ban.start();
  const lines = (await readFile(join(agent.spool, 'queue'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual(lines, ['v1\tflush\tsshd\tinet4', 'v1\tstop\tsshd']);
  await agent.start();
  assert.equal(await settleList(agent, 'sshd'), nothing);

  const { lastNumber } = await agent.ask('status');
  await fail2ban.stop();
  await fail2ban.start();
  assert.equal(await settleList(agent, 'sshd'), nothing);
  await fail2ban.kill();
  await fail2ban.start();
  assert.equal(await settleList(agent, 'sshd'), nothing);
  await fail2ban.client('reload');
  assert.equal(await settleList(agent, 'sshd'), nothing);
  await fail2ban.client('reload', '--restart', 'sshd');
  assert.equal(await settleList(agent, 'sshd'), nothing);

  assert.equal((await agent.ask('status'))['lastNumber'], lastNumber, 'events were numbered');
  assert.equal(fleet.proxmox.log.writes, writes);
  fleet.assertBlocks(thousand);
});
