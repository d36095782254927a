import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closeCodes } from '../../shared/close-code.ts';
import { limits } from '../../shared/limits.ts';
import type { RefusalCode } from '../../shared/refusal.ts';
import { until } from '../until.ts';
import { Peer } from './listening.ts';
import { type RunningServer, withServer } from './running-server.ts';

const good = { number: 1, verb: 'ban', jail: 'sshd', network: '203.0.113.7', ttlSeconds: 600 };
const frameOf = (...events: readonly object[]) => ({ type: 'events', stream: 'stream-1', events });

/** A host that may ban in sshd only. */
async function logIn(server: RunningServer): Promise<Peer> {
  return server.logIn(await server.enroll({ name: 'web1', may: 'ban', jails: 'sshd' }));
}

/** One line on the log and one in the counters tell of `code`. */
async function assertTold(server: RunningServer, code: RefusalCode): Promise<void> {
  await until(() => server.logLines.some((line) => line['code'] === code), `a line tells of ${code}`);
  const lines = server.logLines.filter((line) => line['code'] === code);
  assert.deepEqual([lines.length, lines[0]?.['level']], [1, 40]);
  const { counters } = await server.ask('status');
  assert.equal(Object.entries(counters ?? {}).find(([name]) => name === code)?.[1], 1);
}

describe('what an honest client could send is refused with its code, and the connection stays', () => {
  const cases: readonly (readonly [what: string, event: object, code: RefusalCode])[] = [
    ['an unknown form of address', { network: '203.0.113' }, 'not-an-address'],
    ['a host name', { network: 'evil.example.org' }, 'not-an-address'],
    ['a zone id', { network: 'fe80::1%eth0' }, 'not-an-address'],
    ['the whole of IPv4', { network: '0.0.0.0/0' }, 'special-purpose'],
    ['the whole of IPv6', { network: '::/0' }, 'special-purpose'],
    ['half of IPv4', { network: '128.0.0.0/1' }, 'special-purpose'],
    ['a network that is too wide', { network: '203.0.0.0/8' }, 'too-wide'],
    ['a whitelisted address', { network: '192.0.2.7' }, 'whitelisted'],
    ['a private address', { network: '10.0.0.7' }, 'private'],
    ['an address of its own', { network: '127.0.0.1' }, 'special-purpose'],
    ['an unknown verb', { verb: 'block' }, 'unknown-verb'],
    ['a verb that it may not use', { verb: 'unban' }, 'not-permitted'],
    ['a jail that it may not use', { jail: 'nginx' }, 'not-permitted'],
    ['labels that are no texts', { labels: { site: 7 } }, 'bad-labels'],
    ['a label that looks like an option', { labels: { site: '--all' } }, 'bad-labels'],
    ['a label with a newline', { labels: { site: 'a\nb' } }, 'bad-labels'],
    ['nine labels', { labels: Object.fromEntries([...'abcdefghi'].map((key) => [key, 'x'])) }, 'bad-labels'],
    ['a label named as what every object has', { labels: JSON.parse('{"__proto__":"x"}') }, 'bad-labels'],
    ['a jail with a control character', { jail: 'ss\u0007hd' }, 'bad-jail'],
    ['a jail with a newline', { jail: 'sshd\n203.0.113.1' }, 'bad-jail'],
    ['a jail of 300 characters', { jail: 'j'.repeat(300) }, 'bad-jail'],
    ['a negative time to live', { ttlSeconds: -1 }, 'bad-ttl'],
    ['no time to live at all', { ttlSeconds: undefined }, 'bad-ttl'],
    ['a time to live of nothing', { ttlSeconds: 0 }, 'bad-ttl'],
    ['an absurd time to live', { ttlSeconds: 1e15 }, 'bad-ttl'],
  ];
  for (const [what, event, code] of cases) {
    it(`${what}: ${code}`, () =>
      withServer(async (server) => {
        const peer = await logIn(server);
        const answer = await peer.ask(frameOf({ ...good, ...event }));
        const [result] = answer.type === 'results' ? answer.results : [];
        assert.equal(result?.outcome === 'refused' && result.code, code);
        await assertTold(server, code);
        const next = await peer.ask(frameOf({ ...good, number: 2 }));
        assert.deepEqual(next.type === 'results' && next.results, [{ number: 2, outcome: 'recorded' }]);
        assert.ok(!server.logLines.some((line) => Object.values(line).some((value) => /\p{Cc}/u.test(String(value)))));
      }));
  }
});

describe('what only an attacker sends ends the connection', () => {
  const frames: readonly (readonly [what: string, frame: object])[] = [
    ['an event without a number', frameOf({ ...good, number: undefined })],
    ['too many events', frameOf(...Array.from({ length: 501 }, (_, at) => ({ ...good, number: at + 1 })))],
    ['a type that is no word', { type: 'No Word' }],
  ];
  for (const [what, frame] of frames) {
    it(`${what}: malformed`, () =>
      withServer(async (server) => {
        const peer = await logIn(server);
        const answer = await peer.ask(frame);
        assert.equal(answer.type === 'refused' && answer.code, 'malformed');
        assert.equal(await peer.closed, closeCodes.malformed);
        await assertTold(server, 'malformed');
      }));
  }

  it('a frame that is too long: malformed', () =>
    withServer(async (server) => {
      const peer = await logIn(server);
      peer.socket.send(peer.sealed({ ...frameOf(good), padding: 'x'.repeat(limits.frameMaxBytes) }));
      assert.equal(await peer.closed, closeCodes.tooLong);
      await assertTold(server, 'malformed');
    }));

  it('a frame that comes twice: replayed', () =>
    withServer(async (server) => {
      const peer = await logIn(server);
      const text = peer.sealed(frameOf(good));
      for (const each of [text, text]) peer.socket.send(each);
      assert.equal(await peer.closed, closeCodes.replayed);
      await assertTold(server, 'replayed');
    }));

  it('a frame under a MAC that does not fit: bad-mac', () =>
    withServer(async (server) => {
      const peer = await logIn(server);
      peer.socket.send(peer.sealed(frameOf(good)).replace('203.0.113.7', '203.0.113.8'));
      assert.equal(await peer.closed, closeCodes.replayed);
      await assertTold(server, 'bad-mac');
    }));

  it('a frame that comes before the login: unauthenticated', () =>
    withServer(async (server) => {
      const peer = await Peer.open(server.server.port);
      peer.socket.send(JSON.stringify(frameOf(good)));
      assert.equal(await peer.closed, closeCodes.unauthenticated);
      await assertTold(server, 'unauthenticated');
    }));

  it('a client name with a newline: unauthenticated', () =>
    withServer(async (server) => {
      const peer = await Peer.open(server.server.port);
      peer.sendLogin({ client: 'web1\nweb2', keyId: 'key-0001', secret: 'A'.repeat(43) });
      assert.equal(await peer.closed, closeCodes.unauthenticated);
      await assertTold(server, 'unauthenticated');
    }));
});

describe('too much', () => {
  it('of a ledger that is full is refused for now, told and counted', () =>
    withServer(async (server) => {
      const peer = await logIn(server);
      server.ledger.isFull = true;
      const answer = await peer.ask(frameOf(good));
      assert.deepEqual(answer.type === 'results' && answer.retryAfterMs, 5_000);
      await assertTold(server, 'ledger-unavailable');
    }));

  it('of the quota is refused, told and counted', () =>
    withServer(async (server) => {
      const peer = await logIn(server);
      const most = server.settings.policy.reportsPerClientMax;
      const events = Array.from({ length: most + 1 }, (_, at) => ({
        ...good,
        number: at + 1,
        network: `203.0.113.${at}`,
      }));
      await peer.ask(frameOf(...events));
      await assertTold(server, 'quota-exceeded');
    }));

  it('of connections ends the oldest of that client, told and counted', () =>
    withServer(async (server) => {
      const credentials = await server.enroll({ name: 'web1' });
      const first = await server.logIn(credentials);
      for (let count = 0; count < limits.connectionsPerClientMax; count += 1) await server.logIn(credentials);
      assert.equal(await first.closed, closeCodes.tooMany);
      await assertTold(server, 'rate-limited');
    }));
});
