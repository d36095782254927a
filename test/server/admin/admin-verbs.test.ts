import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { passMaxMs } from '../../../server/admin/server-verbs.ts';
import { showBans } from '../../../server/commands/show/show-bans.ts';
import { showClients } from '../../../server/commands/show/show-clients.ts';
import { showPass } from '../../../server/commands/show/show-pass.ts';
import { showStatus } from '../../../server/commands/show/show-server.ts';
import { showWhitelist } from '../../../server/commands/show/show-whitelist.ts';
import { timesAt } from '../../../server/commands/show/times.ts';
import { closeCodes } from '../../../shared/close-code.ts';
import type { HeldEntry } from '../../../shared/enforcer.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import { ArgumentError } from '../../../shared/host/local-socket.ts';
import { until } from '../../contracts/until.ts';
import type { Peer } from '../listening.ts';
import { credentialsOf, type RunningServer, withServer } from '../running-server.ts';
import { network } from '../samples.ts';

const event = (number: number, network: string, rest: object = {}) => ({
  ...{ number, verb: 'ban', jail: 'sshd', network, ttlSeconds: null, ...rest },
});

async function send(peer: Peer, ...events: readonly object[]): Promise<unknown> {
  const answer = await peer.ask({ type: 'events', stream: 'stream-1', events });
  return answer.type === 'results' && answer.results.map((result) => ('code' in result ? result.code : result.outcome));
}

const blocks = (server: RunningServer, ...networks: readonly string[]) =>
  until(() => server.blocked.join() === networks.join(), `the firewall blocks ${networks.join() || 'nothing'}`);

describe('the admin socket', () => {
  it('is for its owner alone', () =>
    withServer(async ({ settings }) => {
      assert.equal(statSync(settings.socket).mode & 0o777, 0o600);
    }));

  const wrong: readonly (readonly [verb: string, args: object, message: RegExp])[] = [
    ['ban', {}, /^network: "undefined" is not an IPv4 or IPv6 address or CIDR$/],
    ['ban', { network: 'evil' }, /^network: "evil" is not an IPv4 or IPv6 address or CIDR$/],
    ['ban', { network: '203.0.113.1', ttl: '-5m' }, /^ttl: "-5m": allowed is a duration as 30s, .*, or permanent$/],
    ['ban', { network: '203.0.113.1', ttl: '0s' }, /^ttl: "0s": allowed/],
    ['ban', { network: '203.0.113.1', ttl: '9999999999w' }, /^ttl: "9999999999w": allowed/],
    ['ban', { network: '203.0.113.1', jail: 'a b' }, /^jail: "a b": allowed is 1–64 of/],
    ['unban', { network: 7 }, /^network: "7" is not/],
    ['unban', { network: '203.0.113.1', allow: 'long' }, /^allow: "long": allowed is a duration/],
    ['allow-add', { network: '203.0.113.1', for: '1x' }, /^for: "1x": allowed is a duration/],
    ['allow-add', { network: '203.0.113.1', note: 'a\nb' }, /^note: "a\\nb": allowed is up to 200 characters/],
    ['allow-remove', { network: '' }, /^network: "" is not/],
    ['history', { most: '0' }, /^most: "0" is not a whole number above 0$/],
    ['history', { network: 'x' }, /^network: "x" is not/],
    ['history', { client: 7 }, /^client: "7" is not a text$/],
    ['bans', { jail: 7 }, /^jail: "7" is not a text$/],
    ['lookup', { network: 'x' }, /^network: "x" is not/],
    ['client-add', {}, /^name: "undefined": allowed is 1–64 of/],
    ['client-add', { name: 'web\n1' }, /^name: "web\\n1": allowed is/],
    ['client-add', { name: 'n'.repeat(300) }, /^name: "n{80}…": allowed is/],
    ['client-add', { name: 'operator' }, /^name: operator is the server's own word/],
    ['client-add', { name: 'escalation' }, /^name: escalation is the server's own word/],
    ['client-add', { name: 'web1', may: 'ban,fly' }, /^may: "ban,fly": allowed are ban, unban, operate/],
    ['client-add', { name: 'web1', jails: 'a b' }, /^jails: "a b": allowed are/],
    ['client-set', { name: 'web1', follows: 'sshd,,a' }, /^follows: "sshd,,a": allowed are/],
    ['client-add', { name: 'web1', description: '\u0007' }, /^description: "\\u0007": allowed is/],
    ['client-set', { name: 'nobody', jails: 'sshd' }, /^name: "nobody" is not enrolled/],
    ['client-rotate', { name: 'nobody' }, /^name: "nobody" is not enrolled; known are none$/],
    ['client-rotate', { name: 'web1' }, /^name: "web1" is not enrolled/],
    ['client-revoke', { name: 'nobody' }, /^name: "nobody" is not enrolled/],
  ];
  it('says of a wrong argument which, its value and what is allowed', () =>
    withServer(async (server) => {
      for (const [verb, args, message] of wrong) {
        await assert.rejects(
          server.ask(verb, args),
          (error) => {
            assert.ok(error instanceof ArgumentError);
            assert.match(error.message, message);
            return true;
          },
          verb,
        );
      }
      assert.deepEqual(server.ledger.commits, []);
    }));

  it('says that there is no such verb', () =>
    withServer(async (server) => {
      await assert.rejects(server.ask('explode'), /no verb explode/);
    }));

  it('says that the record cannot be written, and goes on', () =>
    withServer(async (server) => {
      server.ledger.isFull = true;
      await assert.rejects(server.ask('ban', { network: '203.0.113.1' }), /database or disk is full/);
      server.clock.advance(90_000);
      assert.match(
        showStatus(await server.ask('status')),
        /^record: FAILING for 1m 30s, new bans are refused until it can be written: database or disk is full$/m,
      );
      server.ledger.isFull = false;
      assert.equal((await server.ask('ban', { network: '203.0.113.1' }))['outcome'], 'recorded');
      assert.doesNotMatch(showStatus(await server.ask('status')), /^record/m);
    }));
});

describe('client', () => {
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
        /nothing to change: give --jails, --may, --follows or/,
      );
      const described = await server.ask('client-set', { name: 'web1', description: 'the new shop' });
      assert.deepEqual(described, {
        ...{
          name: 'web1',
          may: ['ban', 'unban'],
          jails: ['sshd'],
          follows: ['*'],
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
  const show = (server: RunningServer) => {
    const times = timesAt(server.clock.now());
    return { ...showBans(times), ...showWhitelist(times) };
  };

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
        '203.0.113.9 is not banned\nbanned by 203.0.113.0/24 for ever: sshd@web1; to lift that: fail2networkban-server unban 203.0.113.0/24',
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
      assert.match(await lookup('203.0.113.7'), /^banned by 203\.0\.113\.7 for ever: nginx@web1\na ban would be/);
    }));

  it('of the whitelist is which bans an entry lifted, and where a refused one stands', () =>
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
        '198.51.100.0/30: not whitelisted by a command\n198.51.100.0/30 stays whitelisted: 198.51.100.0/30 is, by [policy] whitelist_file of server.ini; take it out there, then: systemctl reload fail2networkban-server',
      );
    }));
});

describe('allow', () => {
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
});

describe('panic', () => {
  it('takes everything off the firewalls until resume, and bans go on being recorded', () =>
    withServer(async (server) => {
      await server.ask('ban', { network: '203.0.113.1' });
      await blocks(server, '203.0.113.1');
      const panic = await server.ask('panic');
      assert.deepEqual([panic['paused'], panic['outcome'], server.blocked], [true, 'done', []]);
      assert.equal(
        showPass(panic),
        'dry-run: 1 entry of ours taken off, none is left\npaused: bans are recorded and not enforced until: fail2networkban-server resume',
      );
      await server.ask('ban', { network: '203.0.113.2' });
      assert.deepEqual(server.blocked, []);
      assert.equal((await server.ledger.load()).paused, true);
      const resumed = await server.ask('resume');
      assert.deepEqual(
        [resumed['paused'], resumed['outcome'], server.blocked],
        [false, 'done', ['203.0.113.1', '203.0.113.2']],
      );
      assert.equal(showPass(resumed), 'dry-run: in sync, 2 entries of ours');
    }));
});

describe('reconcile', () => {
  it('waits for the comparison, and says when the firewall fails', () =>
    withServer(async (server) => {
      await server.ask('ban', { network: '203.0.113.1' });
      await blocks(server, '203.0.113.1');
      await server.firewall.apply([{ verb: 'remove', entry: ours('203.0.113.1') }], AbortSignal.abort());
      const done = await server.ask('reconcile');
      assert.deepEqual([done['outcome'], server.blocked], ['done', ['203.0.113.1']]);
      const error = new EnforcerError('retry', 'no route to host');
      server.firewall.failNext({ call: 'list', when: 'before', error });
      const failed = await server.ask('reconcile');
      assert.deepEqual([failed['outcome'], showPass(failed)], ['failed', 'dry-run: failing: no route to host']);
      assert.equal((await server.ask('reconcile'))['outcome'], 'done');
    }));

  it('waits no longer than ten seconds, and says that it is not finished', () =>
    withServer(async (server) => {
      await server.ask('reconcile');
      const release = server.firewall.hold();
      await server.ask('ban', { network: '203.0.113.1' });
      const asked = server.ask('reconcile');
      await until(() => server.firewall.applies.length === 1, 'the call is under way');
      let answer: Awaited<typeof asked> | undefined;
      void asked.then((given) => {
        answer = given;
      });
      await until(() => {
        server.clock.advance(passMaxMs / 100);
        return answer !== undefined;
      }, 'the command gives up waiting');
      assert.equal(answer?.['outcome'], 'failed');
      assert.match(showPass(answer ?? {}), /^dry-run: not finished after 10 s, it goes on/);
      release();
      await blocks(server, '203.0.113.1');
    }));
});

const ours = (text: string): HeldEntry => ({ network: network(text), spelling: text, owner: 'ours' });

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

  it('status counts what happened, by code', () =>
    withServer(async (server) => {
      const peer = await server.logIn(await server.enroll({ name: 'web1' }));
      await send(peer, event(1, '203.0.113.1'), event(2, '127.0.0.1'), event(3, 'evil'));
      await send(peer, event(1, '203.0.113.1'));
      const status = await server.ask('status');
      assert.deepEqual(status['counters'], {
        recorded: 1,
        'special-purpose': 1,
        'not-an-address': 1,
        repeated: 1,
        enforced: 1,
      });
      assert.deepEqual([status['bans'], status['clients'], status['paused'], status['strangers']], [1, 1, false, 0]);
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
