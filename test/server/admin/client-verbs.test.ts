import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { showClients } from '../../../server/commands/show/show-clients.ts';
import { timesAt } from '../../../server/commands/show/times.ts';
import { closeCodes } from '../../../shared/close-code.ts';
import { until } from '../../until.ts';
import { credentialsOf, type RunningServer, withServer } from '../running-server.ts';
import { blocks, event, send } from './sent-events.ts';

describe('client', () => {
  it('says where a good key was refused as long as its client may not come from there', () =>
    withServer(async (server) => {
      const credentials = await server.enroll({ name: 'web1', from: '198.51.100.0/24' });
      await assert.rejects(Promise.race([server.logIn(credentials), closesWith(server)]), /unauthenticated/);
      const shown = async (): Promise<string> => showClients(timesAt(0)).clients(await server.ask('client-list'));
      assert.match(await shown(), /^web1 was refused at 127\.0\.0\.1, .*: a good key from outside of its networks$/m);
      for (const from of ['198.51.100.0/24,127.0.0.1', 'any']) {
        await server.ask('client-set', { name: 'web1', from });
        assert.doesNotMatch(await shown(), /was refused/, from);
      }
    }));

  it('add gives a key once that works at once, and list shows no secret', () =>
    withServer(async (server) => {
      const credentials = await server.enroll({
        name: 'web1',
        may: 'ban',
        jails: 'sshd,nginx-*',
        description: 'the shop',
      });
      const peer = await server.logIn(credentials);
      assert.deepEqual(
        await send(
          peer,
          event(1, '203.0.113.1'),
          event(2, '203.0.113.1', { verb: 'unban' }),
          event(3, '203.0.113.2', { jail: 'x' }),
        ),
        ['recorded', 'not-permitted', 'not-permitted'],
      );
      const { clients } = await server.ask('client-list');
      assert.ok(Array.isArray(clients));
      const [{ name, may, jails, description, reports, connections }] = clients;
      assert.deepEqual(
        { name, may, jails, description, reports },
        { name: 'web1', may: ['ban'], jails: ['sshd', 'nginx-*'], description: 'the shop', reports: 1 },
      );
      assert.equal(connections.length, 1);
      assert.ok(!JSON.stringify(clients).includes(credentials.secret));
      assert.ok(!JSON.stringify(server.logLines).includes(credentials.secret));
      await assert.rejects(server.ask('client-add', { name: 'web1' }), /web1 is enrolled already/);
    }));

  it('rotate gives a new key and ends the old one after the overlap, also where it is in use', () =>
    withServer(async (server) => {
      const old = await server.enroll({ name: 'web1' });
      const fresh = credentialsOf(await server.ask('client-rotate', { name: 'web1', overlap: '10s' }));
      await assert.rejects(
        server.ask('client-rotate', { name: 'web1', overlap: 'permanent' }),
        /^Error: overlap: "permanent": allowed is a duration/,
      );
      const withOld = await server.logIn(old);
      const withNew = await server.logIn(fresh);
      server.clock.advance(9_000);
      assert.deepEqual(await send(withOld, event(1, '203.0.113.1')), ['recorded']);
      server.clock.advance(1_000);
      assert.equal(await withOld.closed, closeCodes.revoked);
      assert.deepEqual(await send(withNew, event(2, '203.0.113.2')), ['recorded']);
      await assert.rejects(Promise.race([server.logIn(old), closesWith(server)]), /unauthenticated/);
    }));

  it('list shows what hosts offer by ignoreip, and is silent about loopback alone', () =>
    withServer(async (server) => {
      const shown = async (): Promise<string> =>
        showClients(timesAt(0))
          .clients(await server.ask('client-list'))
          .split('\n')
          .slice(2)
          .join('\n');
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      const offer = async (ignoreip: readonly string[], expected: string): Promise<void> => {
        await peer.ask({ type: 'jails', digests: [], ignoreip });
        await until(async () => {
          server.clock.advance(1_000);
          return (await shown()) === expected;
        }, expected);
      };
      await offer(['127.0.0.0/8', '::1'], '');
      await offer(
        ['127.0.0.0/8', '203.0.113.7', '198.51.100.0/24', '10.0.0.0/8'],
        'web1 offers by ignoreip: 198.51.100.0/24, 203.0.113.7 (not protected); not taken: 10.0.0.0/8 (private), 127.0.0.0/8 (special-purpose), ::1 (special-purpose)',
      );
    }));

  it('add enrolls once when asked twice at the same time', () =>
    withServer(async (server) => {
      const answers = await Promise.allSettled([1, 2].map(() => server.enroll({ name: 'web1' })));
      const good = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
      assert.equal(good.length, 1);
      for (const credentials of good) await server.logIn(credentials);
    }));

  it('rotate prints only lines that do, also when asked several times at the same time', () =>
    withServer(async (server) => {
      await server.enroll({ name: 'web1' });
      const asked = [1, 2, 3].map(() => server.ask('client-rotate', { name: 'web1' }));
      for (const answer of await Promise.all(asked)) await server.logIn(credentialsOf(answer));
    }));

  it('rotate lets a client have at most 5 keys, and ends the old ones at once when told to', () =>
    withServer(async (server) => {
      const first = await server.enroll({ name: 'web1' });
      for (let count = 2; count <= 5; count += 1) await server.ask('client-rotate', { name: 'web1' });
      await assert.rejects(
        server.ask('client-rotate', { name: 'web1' }),
        /^Error: name: web1 has 5 keys that go on; --overlap 0s ends them at once$/,
      );
      const withFirst = await server.logIn(first);
      const answer = await server.ask('client-rotate', { name: 'web1', overlap: '0s' });
      assert.equal(await withFirst.closed, closeCodes.revoked);
      await server.logIn(credentialsOf(answer));
      assert.match(showClients(timesAt(server.clock.now())).rotated(answer), /The old key has ended\.$/);
    }));

  it('set changes what is named and nothing else, at once where the host is connected', () =>
    withServer(async (server) => {
      const credentials = await server.enroll({ name: 'web1', jails: 'sshd', description: 'the shop' });
      const narrow = await server.logIn(credentials);
      const answer = await narrow.ask({
        type: 'events',
        stream: 'stream-1',
        events: [event(1, '203.0.113.1'), event(2, '203.0.113.2', { jail: 'nginx' })],
      });
      assert.ok(answer.type === 'results');
      const [, refused] = answer.results;
      assert.equal(
        refused && 'detail' in refused && refused.detail,
        "web1 may not use the jail nginx, only sshd; to allow it, on the server: fail2networkban-server client set web1 --jails 'sshd,nginx'",
      );
      await assert.rejects(
        server.ask('client-set', { name: 'web1' }),
        /nothing to change: give --jails, --may, --follows, --from or --description/,
      );
      const described = await server.ask('client-set', { name: 'web1', description: 'the new shop' });
      assert.deepEqual(described, {
        ...{
          name: 'web1',
          may: ['ban', 'unban'],
          jails: ['sshd'],
          follows: ['*'],
          from: [],
          description: 'the new shop',
          leftOver: 0,
        },
      });
      const set = await server.ask('client-set', { name: 'web1', jails: 'nginx,php-*', may: 'ban' });
      assert.equal(
        showClients(timesAt(0)).changed(set),
        'web1: may ban, jails nginx,php-*\n1 ban of jails that it may no longer use: each stays until its time ends or you unban it',
      );
      assert.equal(await narrow.closed, closeCodes.goingAway);
      const wide = await server.logIn(credentials);
      assert.deepEqual(
        await send(
          wide,
          event(3, '203.0.113.3', { jail: 'nginx' }),
          event(4, '203.0.113.1', { verb: 'unban', jail: 'nginx' }),
          event(5, '203.0.113.4', { jail: 'manual', source: 'hand' }),
        ),
        ['recorded', 'not-permitted', 'recorded'],
      );
      const { history } = await server.ask('history', { client: 'web1' });
      assert.ok(Array.isArray(history));
      assert.equal(history.filter(({ kind, actor }) => kind === 'enrolled' && actor === 'operator').length, 3);
    }));

  it('revoke sends a connected host away, and lifts its bans only when told to', () =>
    withServer(async (server) => {
      for (const [name, liftBans] of [
        ['web1', false],
        ['web2', true],
      ] as const) {
        const peer = await server.logIn(await server.enroll({ name }));
        await send(peer, event(1, name === 'web1' ? '203.0.113.1' : '203.0.113.2'), event(2, '203.0.113.3'));
        assert.deepEqual(await server.ask('client-revoke', { name, liftBans }), { name, lifted: liftBans ? 2 : 0 });
        assert.equal(await peer.closed, closeCodes.revoked);
      }
      await blocks(server, '203.0.113.1', '203.0.113.3');
      assert.deepEqual((await server.ask('client-list'))['clients'], []);
    }));
});

/** Resolves never; rejects when the server refuses a login. */
async function closesWith(server: RunningServer): Promise<never> {
  await until(() => server.logLines.some(({ code }) => code === 'unauthenticated'), 'the login is refused');
  throw new Error('unauthenticated');
}
