import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { showClients } from '../../../server/commands/show/show-clients.ts';
import { timesAt } from '../../../server/commands/show/times.ts';
import { httpLimits } from '../../../server/http/http-limits.ts';
import { sha256Hex } from '../../../shared/signing.ts';
import { until } from '../../until.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { askHttp, makeHttpClient } from './ask-http.ts';

describe('a token', () => {
  it('is shown once, kept only as its hash, and taken as Bearer and as the password of Basic', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop', may: 'ban,unban' });
      assert.match(token, /^[A-Za-z0-9_-]{8}\.[A-Za-z0-9_-]{43}$/);
      const { clients } = await server.ledger.load();
      assert.deepEqual(clients[0]?.keys, [
        { kind: 'http', id: token.slice(0, 8), tokenHash: sha256Hex(token), endsAt: Number.POSITIVE_INFINITY },
      ]);
      const basic = `Basic ${Buffer.from(`anybody:${token}`).toString('base64')}`;
      for (const authorization of [`Bearer ${token}`, `bearer  ${token}`, basic]) {
        const answer = await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { headers: { authorization } });
        assert.equal(answer.status, 200);
      }
    }));

  it('that is wrong in whatever way gets one and the same answer', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop' });
      await server.enroll({ name: 'web1' });
      const [host] = (await server.ledger.load()).clients.filter(({ name }) => name === 'web1');
      const [key] = host?.keys ?? [];
      const ofHost = key?.kind === 'frames' ? `${key.id}.${key.secret}` : '';
      const wrong = [
        '',
        'x',
        token.slice(0, -1),
        `${token.slice(0, 9)}${'A'.repeat(43)}`,
        `key-0000${token.slice(8)}`,
        ofHost,
      ];
      const texts = new Set<string>();
      for (const each of wrong) {
        const { status, headers, text } = await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { token: each });
        assert.deepEqual([status, headers.get('connection')], [401, 'close']);
        assert.match(headers.get('www-authenticate') ?? '', /^Bearer/);
        texts.add(text);
      }
      assert.equal(texts.size, 1);
    }));

  it('ends with its client, and some time after a rotation', () =>
    withServer(async (server) => {
      const first = await makeHttpClient(server, { name: 'shop' });
      const second = String((await server.ask('client-rotate', { name: 'shop', overlap: '1h' }))['token']);
      const statusOf = async (token: string) =>
        (await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { token })).status;
      assert.deepEqual([await statusOf(first), await statusOf(second)], [200, 200]);
      server.clock.advance(3_600_000);
      assert.deepEqual([await statusOf(first), await statusOf(second)], [401, 200]);
      await server.ask('client-revoke', { name: 'shop' });
      assert.equal(await statusOf(second), 401);
    }));

  it('is taken from the addresses alone that were named, when any were', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop', from: '192.0.2.0/24,2001:db8::1' });
      const { status, json } = await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { token });
      assert.deepEqual([status, json?.['code']], [403, 'not-permitted']);
      await server.ask('client-set', { name: 'shop', from: '127.0.0.0/8' });
      assert.equal((await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { token })).status, 200);
    }));

  it('that lacks a permission is answered with the command that gives it', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'camera', may: 'ban,unban' });
      const { status, json } = await askHttp(server, 'GET /blocklist.txt', { token });
      assert.equal(status, 403);
      assert.match(
        String(json?.['detail']),
        /this needs subscribe or operate; .* client set camera --may 'ban,unban,subscribe'$/,
      );
    }));

  it('is listed with where it is taken from, and when it was used last', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop', from: '127.0.0.0/8' });
      await server.enroll({ name: 'web1' });
      const listed = showClients(timesAt(0)).clients(await server.ask('client-list'));
      const [header, shop, web1] = listed.split('\n');
      assert.match(header ?? '', /FOLLOWS +FROM +REPORTS/);
      assert.match(shop ?? '', /^shop .* 127\.0\.0\.0\/8 +0 +0 +-$/);
      assert.match(web1 ?? '', /^web1 +ban,unban +\* +any +0 +0 +-$/);
      await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { token });
      const { clients } = await server.ask('client-list');
      assert.ok(Array.isArray(clients));
      assert.deepEqual(
        clients.map(({ lastSeen }) => lastSeen),
        [server.clock.now(), undefined],
      );
    }));
});

describe('a ban by HTTP', () => {
  it('goes the way of every other: policy, record, firewall; and is shown, and withdrawn', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop', may: 'ban,unban' });
      const banned = await askHttp(server, 'PUT /api/v1/bans/203.0.113.0/24?jail=login&ttl=10m&labels=site=fra1', {
        token,
      });
      assert.equal(banned.status, 200);
      assert.deepEqual(banned.json, {
        network: '203.0.113.0/24',
        jail: 'login',
        verb: 'ban',
        outcome: 'recorded',
        banned: true,
      });
      await until(() => server.blocked.includes('203.0.113.0/24'), 'the firewall blocks it');
      const { json } = await askHttp(server, 'GET /api/v1/bans/203.0.113.9', { token });
      const reportedAt = server.clock.now();
      const report = { client: 'shop', jail: 'login', source: 'jail', reportedAt, endsAt: reportedAt + 600_000 };
      assert.deepEqual(json?.['bans'], [
        { network: '203.0.113.0/24', endsAt: reportedAt + 600_000, reports: [{ ...report, labels: { site: 'fra1' } }] },
      ]);
      const unbanned = await askHttp(server, 'DELETE /api/v1/bans/203.0.113.0%2F24?jail=login', { token });
      assert.equal(unbanned.json?.['banned'], false);
    }));

  const refused: readonly (readonly [request: string, status: number, code: string])[] = [
    ['PUT /api/v1/bans/192.0.2.7', 422, 'whitelisted'],
    ['PUT /api/v1/bans/127.0.0.1', 422, 'special-purpose'],
    ['PUT /api/v1/bans/10.0.0.1', 422, 'private'],
    ['PUT /api/v1/bans/203.0.0.0/8', 422, 'too-wide'],
    ['PUT /api/v1/bans/203.0.113.7?jail=other', 403, 'not-permitted'],
    ['DELETE /api/v1/bans/203.0.113.7?lift', 403, 'not-permitted'],
    ['PUT /api/v1/bans/example.org', 400, 'bad-argument'],
    ['PUT /api/v1/bans/203.0.113.7?ttl=0', 400, 'bad-argument'],
    ['PUT /api/v1/bans/203.0.113.7?ttl=1h&ttl=2h', 400, 'bad-argument'],
    ['PUT /api/v1/bans/203.0.113.7?token=x', 400, 'bad-argument'],
    ['PUT /api/v1/bans/203.0.113.7?jial=login', 400, 'bad-argument'],
    ['POST /api/v1/bans/203.0.113.7', 405, 'method-not-allowed'],
    ['PUT /api/v1/bans', 405, 'method-not-allowed'],
    ['PUT /api/v1/ban', 404, 'not-found'],
    ['PUT /api/v1/bans/%ff', 404, 'not-found'],
    [`GET /${'x'.repeat(httpLimits.urlMaxCharacters)}`, 413, 'too-large'],
  ];
  for (const [request, status, code] of refused) {
    it(`is refused with ${code}: ${request.slice(0, 60)}`, () =>
      withServer(async (server) => {
        const token = await makeHttpClient(server, { name: 'shop', may: 'ban,unban', jails: 'login' });
        const answer = await askHttp(server, request, { token });
        assert.deepEqual([answer.status, answer.json?.['code']], [status, code]);
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/);
        assert.equal((await server.ledger.load()).reports.length, 0);
      }));
  }

  it('is refused with a body, and while the record cannot be written', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop', may: 'ban,unban' });
      const withBody = await askHttp(server, 'PUT /api/v1/bans/203.0.113.7', { token, body: '{}' });
      assert.deepEqual([withBody.status, withBody.json?.['code']], [400, 'malformed']);
      server.ledger.isFull = true;
      const answer = await askHttp(server, 'PUT /api/v1/bans/203.0.113.7', { token });
      assert.deepEqual([answer.status, answer.json?.['code']], [503, 'ledger-unavailable']);
      assert.equal(answer.headers.get('retry-after'), '5');
      assert.equal((await askHttp(server, 'GET /api/v1/ready')).status, 503);
      server.ledger.isFull = false;
    }));

  it('of other clients is shown to those that follow its jail, or operate', () =>
    withServer(async (server) => {
      const shop = await makeHttpClient(server, { name: 'shop', may: 'ban' });
      await askHttp(server, 'PUT /api/v1/bans/203.0.113.7?jail=login', { token: shop });
      const readers = [
        { may: 'ban' },
        { may: 'subscribe', follows: 'sshd' },
        { may: 'subscribe', follows: 'log*' },
        { may: 'operate' },
      ];
      const seen = [];
      for (const [index, rights] of readers.entries()) {
        const token = await makeHttpClient(server, { name: `reader${index}`, ...rights });
        const { json } = await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { token });
        const bans = json?.['bans'];
        seen.push([json?.['banned'], Array.isArray(bans) && bans.length]);
      }
      assert.deepEqual(seen, [
        [true, 0],
        [true, 0],
        [true, 1],
        [true, 1],
      ]);
    }));
});

describe('anybody', () => {
  it('may read what is here and whether the server is well, and keeps no connection', () =>
    withServer(async (server) => {
      for (const [path, expected] of [
        ['/', /^fail2networkban 0\.0\.0/],
        ['/api/v1/health', /"ok"/],
        ['/api/v1/ready', /"ready"/],
      ] as const) {
        const answer = await askHttp(server, `GET ${path}`);
        assert.deepEqual([answer.status, answer.headers.get('connection')], [200, 'close']);
        assert.match(answer.text, expected);
        const head = await askHttp(server, `HEAD ${path}`);
        assert.deepEqual([head.status, head.text], [200, '']);
      }
    }));
});

describe('a client', () => {
  it('has so many connections at once and no more', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop' });
      const sockets = [];
      for (let count = 0; count < httpLimits.connectionsPerClientMax; count += 1)
        sockets.push(await openKept(server, token));
      const { status, json } = await askHttp(server, 'GET /api/v1/bans/203.0.113.7', { token });
      assert.deepEqual([status, json?.['code']], [429, 'rate-limited']);
      for (const socket of sockets) socket.destroy();
    }));
});

/** A connection that has asked once and stays. */
async function openKept(server: RunningServer, token: string) {
  const socket = connect(server.server.port, '127.0.0.1');
  socket.write(`GET /api/v1/bans/203.0.113.7 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
  const [answer] = await once(socket, 'data');
  assert.match(String(answer), /^HTTP\/1\.1 200 /);
  return socket;
}
