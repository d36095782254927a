import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showWhitelist } from '../../../server/commands/show/show-whitelist.ts';
import { timesAt } from '../../../server/commands/show/times.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { blocks, event, send } from './sent-events.ts';

describe('allow', () => {
  const show = (server: RunningServer) => showWhitelist(timesAt(server.clock.now()));

  it('add refuses what would open the firewalls to everybody', () =>
    withServer(async (server) => {
      const commits = server.ledger.commits.length;
      for (const network of ['0.0.0.0/0', '128.0.0.0/1', '8.0.0.0/7', '::/0', '2000::/3']) {
        const refused = await server.ask('allow-add', { network });
        assert.deepEqual([refused['outcome'], refused['code']], ['refused', 'too-wide'], network);
        assert.match(String(refused['detail']), /the widest that a command whitelists/);
        assert.equal((await server.ask('unban', { network, allow: '1h' }))['code'], 'too-wide', network);
      }
      assert.equal(server.ledger.commits.length, commits);
      assert.equal((await server.ask('allow-add', { network: '10.0.0.0/8' }))['outcome'], undefined);
    }));

  it('add lifts what the entry covers, what covers it, and what hides it in IPv6, and nothing else', () =>
    withServer(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      const networks = ['203.0.113.7', '203.0.113.0/24', '64:ff9b::cb00:7107', '203.0.114.7', '2001:db8::1'];
      await send(peer, ...networks.map((network, at) => event(at + 1, network)));
      const { lifted } = await server.ask('allow-add', { network: '203.0.113.7', for: '1h', note: 'the office' });
      assert.ok(Array.isArray(lifted) && lifted.length === 3);
      await blocks(server, '2001:db8::1', '203.0.114.7');
      assert.deepEqual(await send(peer, event(9, '203.0.113.0/24')), ['whitelisted']);
      const { configured, timed } = await server.ask('allow-list');
      const endsAt = server.clock.now() + 3_600_000;
      assert.deepEqual(
        [configured, timed],
        [
          ['192.0.2.0/24', '198.51.100.0/30'],
          [{ network: '203.0.113.7', addedAt: server.clock.now(), endsAt, note: 'the office' }],
        ],
      );
    }));

  it('remove takes off what was added, and says where else it stands', () =>
    withServer(async (server) => {
      await server.ask('allow-add', { network: '203.0.113.7' });
      const network = '203.0.113.7';
      assert.deepEqual(await server.ask('allow-remove', { network }), { network, outcome: 'done', removed: true });
      assert.deepEqual(await server.ask('allow-remove', { network }), { network, outcome: 'done', removed: false });
      await server.ask('allow-add', { network: '192.0.2.0/24' });
      const still = { network: '192.0.2.0/24', where: 'by [policy] whitelist of server.ini' };
      assert.deepEqual(await server.ask('allow-remove', { network: '192.0.2.0/24' }), {
        ...{ network: '192.0.2.0/24', outcome: 'failed', removed: true, still },
      });
      assert.equal((await server.ask('ban', { network: '203.0.113.7' }))['outcome'], 'recorded');
    }));

  it('says which bans an entry lifted, and where a refused one stands', () =>
    withServer(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      await send(peer, event(1, '203.0.113.7'), event(2, '203.0.113.8', { jail: 'nginx' }));
      const added = await server.ask('allow-add', { network: '203.0.113.0/29', for: '1h' });
      assert.equal(
        show(server).allow(added),
        '203.0.113.0/29: whitelisted for 1h\n203.0.113.7: 1 report lifted: sshd@web1',
      );
      const detailOf = async (network: string): Promise<unknown> => (await server.ask('ban', { network }))['detail'];
      assert.match(String(await detailOf('203.0.113.7')), /is whitelisted at run time until 2026-01-01 01:00:00 UTC$/);
      assert.match(
        String(await detailOf('198.51.100.1')),
        /is whitelisted by \[policy\] whitelist_file of server\.ini$/,
      );
      assert.match(
        show(server).allowed(await server.ask('allow-list')),
        /^192\.0\.2\.0\/24 +permanent +\[policy\] whitelist of server\.ini\n198\.51\.100\.0\/30 +permanent +\[policy\] whitelist_file of/m,
      );
      const removed = await server.ask('allow-remove', { network: '198.51.100.0/30' });
      assert.equal(
        show(server).disallow(removed),
        '198.51.100.0/30: not whitelisted by a command\n198.51.100.0/30 stays whitelisted: 198.51.100.0/30 is, by [policy] whitelist_file of server.ini; take it out there, then: fail2networkban-server reload',
      );
    }));
});
