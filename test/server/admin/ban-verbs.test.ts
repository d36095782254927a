import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showBans } from '../../../server/commands/show/show-bans.ts';
import { timesAt } from '../../../server/commands/show/times.ts';
import { closeCodes } from '../../../shared/close-code.ts';
import { until } from '../../until.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { blocks, event, send } from './sent-events.ts';

describe('ban and unban', () => {
  it('ban by hand under the same policy, for a time or for ever', () =>
    withServer(async (server) => {
      const endsAt = server.clock.now() + 3_600_000;
      assert.deepEqual(await server.ask('ban', { network: '203.0.113.1', ttl: '1h', jail: 'by-hand' }), {
        ...{ network: '203.0.113.1', outcome: 'recorded', endsAt, banEndsAt: endsAt },
      });
      assert.deepEqual(await server.ask('ban', { network: '::ffff:192.0.2.1' }), {
        ...{ network: '192.0.2.1', outcome: 'refused', code: 'whitelisted' },
        detail: '192.0.2.1 overlaps 192.0.2.0/24, which is whitelisted by [policy] whitelist of server.ini',
      });
      await blocks(server, '203.0.113.1');
      server.clock.advance(3_601_000);
      await blocks(server);
      const told = server.logLines.filter(({ client, code }) => client === 'operator' && code !== undefined);
      assert.deepEqual(
        told.map(({ msg, network, jail, code }) => [msg, network, jail, code]),
        [
          ['ban', '203.0.113.1', 'by-hand', 'recorded'],
          ['ban refused', '192.0.2.1', 'manual', 'whitelisted'],
        ],
      );
    }));

  it("lifts every host's report of a network, and keeps it whitelisted when told to", () =>
    withServer(async (server) => {
      const peers = [
        await server.logIn(await server.enroll({ name: 'web1' })),
        await server.logIn(await server.enroll({ name: 'web2' })),
      ];
      for (const peer of peers) await send(peer, event(1, '203.0.113.1'));
      await blocks(server, '203.0.113.1');
      const { lifted, allowedForSeconds } = await server.ask('unban', { network: '203.0.113.1', allow: '10s' });
      assert.ok(Array.isArray(lifted));
      assert.deepEqual([lifted.map(({ client }) => client), allowedForSeconds], [['web1', 'web2'], 10]);
      await blocks(server);
      const [peer] = peers;
      assert.deepEqual(peer && (await send(peer, event(2, '203.0.113.1'))), ['whitelisted']);
      const commits = server.ledger.commits.length;
      server.clock.advance(10_000);
      await until(() => server.ledger.commits.length > commits, 'the entry has ended');
      assert.deepEqual(peer && (await send(peer, event(3, '203.0.113.1'))), ['recorded']);
    }));
});

describe('what an answer says', () => {
  const show = (server: RunningServer) => showBans(timesAt(server.clock.now()));

  it('of a ban is how long, what it takes the place of, and who reports it longer', () =>
    withServer(async (server) => {
      const ban = async (args: object): Promise<string> => show(server).ban(await server.ask('ban', args));
      const network = '203.0.113.1';
      assert.equal(await ban({ network, ttl: '1h' }), '203.0.113.1: banned for 1h');
      assert.equal(
        await ban({ network }),
        `203.0.113.1: banned for ever; end it with: fail2networkban-server unban 203.0.113.1\nit takes the place of your ban for 1h`,
      );
      assert.equal(
        await ban({ network, ttl: '2h' }),
        '203.0.113.1: banned for 2h\nit takes the place of your ban for ever',
      );
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      await send(peer, event(1, '203.0.113.2'));
      assert.equal(
        await ban({ network: '203.0.113.2', ttl: '2h' }),
        '203.0.113.2: banned for 2h\nothers report it for ever: so long it stays banned',
      );
    }));

  it('of an unban is what was lifted, what bans it still and what stands inside it', () =>
    withServer(async (server) => {
      const unban = async (network: string): Promise<string> =>
        show(server).unban(await server.ask('unban', { network }));
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      await send(peer, event(1, '203.0.113.0/24'), event(2, '203.0.113.7', { jail: 'nginx' }));
      assert.equal(await unban('198.51.100.1'), '198.51.100.1 is not banned');
      assert.equal(
        await unban('203.0.113.9'),
        '203.0.113.9 is not banned\nbanned as 203.0.113.0/24 for ever: sshd@web1; to lift that: fail2networkban-server unban 203.0.113.0/24',
      );
      assert.equal(
        await unban('203.0.113.0/24'),
        '203.0.113.0/24: 1 report lifted: sshd@web1\nbanned again only when a host bans it anew\n1 ban inside it: 203.0.113.7 (nginx@web1)',
      );
      const lookup = async (network: string): Promise<string> =>
        show(server).lookup(await server.ask('lookup', { network }));
      assert.match(
        await lookup('203.0.113.0/24'),
        /^not banned\nlifted by an operator, still in the jail: sshd@web1 for ever\n1 ban inside it: 203\.0\.113\.7 \(nginx@web1\)\n/,
      );
      assert.match(await lookup('203.0.113.7'), /^banned as 203\.0\.113\.7 for ever: nginx@web1\na ban would be/);
    }));
});

describe('looking', () => {
  it('bans, lookup and history say who, what, until when and why', () =>
    withServer(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      await send(peer, event(1, '203.0.113.0/24', { ttlSeconds: 60 }), event(2, '203.0.113.9', { jail: 'nginx' }));
      await server.ask('unban', { network: '203.0.113.9' });
      const at = server.clock.now();
      const report = { client: 'web1', jail: 'sshd', source: 'jail', reportedAt: at, endsAt: at + 60_000 };
      await blocks(server, '203.0.113.0/24');
      const { bans } = await server.ask('bans', { client: 'web1' });
      const ban = { network: '203.0.113.0/24', endsAt: at + 60_000, reports: [report] };
      assert.deepEqual(bans, [{ ...ban, enforcement: [{ enforcer: 'dry-run', state: 'in-force' }] }]);
      assert.deepEqual((await server.ask('bans', { jail: 'nginx' }))['bans'], []);
      const found = await server.ask('lookup', { network: '203.0.113.5' });
      assert.deepEqual([found['bans'], found['refusal']], [[ban], undefined]);
      const { history } = await server.ask('history', { network: '203.0.113.9' });
      assert.ok(Array.isArray(history));
      assert.deepEqual(
        history.map(({ kind, actor, reason, endsAt }) => [kind, actor, reason, endsAt]),
        [
          ['withdrawn', 'operator', 'lifted', null],
          ['reported', 'web1', undefined, null],
        ],
      );
    }));
});

describe('a decision', () => {
  it('is one line with network, jail, client and code, and bad input is one with its code', () =>
    withServer(async (server) => {
      const credentials = await server.enroll({ name: 'web1' });
      const peer = await server.logIn(credentials);
      await send(peer, event(1, '203.0.113.1'), event(2, '192.0.2.1'), event(3, 'evil\n'));
      peer.socket.send('nonsense');
      assert.equal(await peer.closed, closeCodes.replayed);
      const told = server.logLines.filter(({ code }) => code !== undefined);
      assert.deepEqual(
        told.map(({ level, msg, code, network, jail, client }) => [level, msg, code, network, jail, client]),
        [
          [30, 'ban', 'recorded', '203.0.113.1', 'sshd', 'web1'],
          [40, 'ban refused', 'whitelisted', '192.0.2.1', 'sshd', 'web1'],
          [40, 'ban refused', 'not-an-address', '', '', 'web1'],
          [40, 'the MAC does not fit this connection', 'bad-mac', undefined, undefined, 'web1'],
        ],
      );
    }));
});
