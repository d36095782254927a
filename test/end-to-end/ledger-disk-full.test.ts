import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lastFirst } from '../ending.ts';
import { handOver } from './action-text.ts';
import { Fleet } from './fleet.ts';
import { SmallDisk } from './small-disk.ts';
import { suiteMaxMs, waitUntil } from './wait-until.ts';

it('refuses for now what it cannot write to a full disk, enforces what stands, and recovers when there is room', {
  timeout: suiteMaxMs,
}, async (context) => {
  const ending = lastFirst(context);
  const disk = await SmallDisk.mount(ending, 4);
  const fleet = await Fleet.start(ending, { serverDir: disk.dir });
  const { agent } = await fleet.host('web1');
  await handOver('actionban', ['203.0.113.1', '203.0.113.3'], agent.spool);
  await fleet.blocks(['203.0.113.1', '203.0.113.3']);

  await disk.fill();
  // SQLite's log may still have room inside the file that it has.
  await waitUntil('the ledger is full, too', async () => {
    const { code } = await fleet.server.command('ban', '203.0.113.11', '--ttl', '1h');
    return code !== 0;
  });
  await handOver('actionban', ['203.0.113.5', '203.0.113.7'], agent.spool);
  await handOver('actionunban', ['203.0.113.1'], agent.spool);
  await agent.program.said(/refused for now, kept/);
  await fleet.server.program.said(/ledger-unavailable/);
  await waitUntil('the agent keeps all three', async () => (await agent.waiting()) === 3);
  const byHand = await agent.command('ban', '203.0.113.9', '--jail', 'sshd', '--ttl', '1h');
  assert.deepEqual([byHand.code, /kept in the queue/.test(byHand.stdout)], [75, true], byHand.stdout);
  await fleet.server.ask('reconcile');
  fleet.assertBlocks(['203.0.113.1', '203.0.113.11', '203.0.113.3']);

  await disk.empty();
  await fleet.blocks(['203.0.113.3', '203.0.113.5', '203.0.113.7', '203.0.113.9', '203.0.113.11']);
  await waitUntil('nothing waits', async () => (await agent.waiting()) === 0);
  await fleet.server.kill();
  await fleet.server.start();
  const { bans } = await fleet.server.ask('status');
  assert.equal(bans, 5);
});
