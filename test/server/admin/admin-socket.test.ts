import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { showStatus } from '../../../server/commands/show/show-server.ts';
import { TemporaryError } from '../../../shared/errors.ts';
import { ArgumentError } from '../../../shared/host/local-socket.ts';
import { withServer } from '../running-server.ts';

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
    ['allow-add', { network: 'home' }, /^network: "home" is not an IPv4 .* CIDR, and not a DNS name with a dot/],
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
    ['client-add', { name: 'fw1', http: true, from: Array(101).fill('192.0.2.1').join() }, /allowed are up to 100/],
    ['client-add', { name: 'fw1', http: true, from: 'fw1.example' }, /^from: "fw1.example": allowed are up to 100/],
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

  const needLedger: readonly (readonly [verb: string, args: object])[] = [
    ['ban', { network: '203.0.113.1' }],
    ['client-add', { name: 'web1' }],
  ];
  it('says that the record cannot be written, and goes on', () =>
    withServer(async (server) => {
      server.ledger.isFull = true;
      for (const [verb, args] of needLedger) {
        const said = await server.ask(verb, args).catch((error: unknown) => error);
        assert.ok(said instanceof TemporaryError, verb);
        assert.match(
          said.message,
          /^not done: the ledger cannot be used now: database or disk is full; doctor .*unban/,
        );
      }
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
