import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RunningServer, withServer } from '../running-server.ts';
import { askHttp, makeHttpClient } from './ask-http.ts';

interface Place {
  readonly server: RunningServer;
  readonly operator: string;
  readonly shop: string;
}

/** Two clients with bans of two jails, and an operator. */
function withBans(work: (place: Place) => Promise<void>): Promise<void> {
  return withServer(async (server) => {
    const operator = await makeHttpClient(server, { name: 'admin', may: 'ban,operate' });
    const shop = await makeHttpClient(server, { name: 'shop.fra1', may: 'ban,unban' });
    const requests: readonly (readonly [token: string, rest: string])[] = [
      [shop, '203.0.113.9?jail=login&ttl=10m&labels=site=fra1'],
      [shop, '2001:db8::1?jail=nginx-auth'],
      [operator, '203.0.113.9?jail=sshd&ttl=20m'],
      [operator, '203.0.113.10?jail=sshd'],
    ];
    for (const [token, rest] of requests) {
      assert.equal((await askHttp(server, `PUT /api/v1/bans/${rest}`, { token })).status, 200);
      server.clock.advance(1_000);
    }
    await work({ server, operator, shop });
  });
}

async function list(server: RunningServer, path: string, token: string) {
  const { status, json } = await askHttp(server, `GET /api/v1/${path}`, { token });
  assert.equal(status, 200, `${path}: ${JSON.stringify(json)}`);
  return json ?? {};
}

function networksOf({ bans }: Readonly<Record<string, unknown>>): unknown[] {
  return Array.isArray(bans) ? bans.map(({ network }) => network) : [];
}

describe('the list of bans', () => {
  const [nine, ten, six] = ['203.0.113.9', '203.0.113.10', '2001:db8::1'];
  const cases: readonly (readonly [query: string, networks: readonly string[]])[] = [
    ['', [nine, ten, six]],
    ['?family=4', [nine, ten]],
    ['?family=6', [six]],
    ['?jail=nginx-*', [six]],
    ['?jail=sshd', [nine, ten]],
    ['?client=shop.fra1', [nine, six]],
    ['?client_suffix=.fra1', [nine, six]],
    ['?client=shop.fra1&jail=sshd', []],
    ['?label=site=fra1', [nine]],
    ['?label=site=fra2', []],
    ['?sort=network&direction=desc', [six, ten, nine]],
    ['?sort=reported', [six, nine, ten]],
    ['?sort=end', [nine, ten, six]],
    ['?sort=client', [nine, ten, six]],
    ['?since=2026-01-01T00:00:02Z', [nine, ten]],
    ['?until=2026-01-01T00:00:02.000Z', [nine, six]],
    [`?since=${Date.UTC(2026, 0, 1, 0, 0, 3)}`, [ten]],
  ];
  for (const [query, networks] of cases) {
    it(`is filtered and sorted: ${query || 'nothing said'}`, () =>
      withBans(async ({ server, operator }) => {
        const found = await list(server, `bans${query}`, operator);
        assert.deepEqual(networksOf(found), networks);
        assert.deepEqual([found['count'], found['next']], [networks.length, null]);
      }));
  }

  it('comes page by page', () =>
    withBans(async ({ server, operator }) => {
      const first = await list(server, 'bans?limit=2&sort=reported', operator);
      assert.deepEqual([networksOf(first), first['count']], [[six, nine], 3]);
      const second = await list(server, `bans?limit=2&sort=reported&cursor=${String(first['next'])}`, operator);
      assert.deepEqual([networksOf(second), second['next']], [[ten], null]);
      for (const query of [`cursor=${String(first['next'])}`, 'cursor=AAAA', 'cursor=~', 'limit=0', 'limit=1001']) {
        const { status, json } = await askHttp(server, `GET /api/v1/bans?${query}`, { token: operator });
        assert.deepEqual([status, json?.['code']], [400, 'bad-argument'], query);
      }
    }));

  it('shows a client its own reports, and a subscriber those of the jails that it follows', () =>
    withBans(async ({ server, shop }) => {
      const own = await list(server, 'bans', shop);
      assert.deepEqual(networksOf(own), [nine, six]);
      assert.doesNotMatch(JSON.stringify(own), /admin|sshd/);
      const reader = await makeHttpClient(server, { name: 'reader', follows: 'ssh*' });
      const followed = await list(server, 'bans', reader);
      assert.deepEqual(networksOf(followed), [nine, ten]);
      assert.doesNotMatch(JSON.stringify(followed), /shop|login|fra1/);
    }));

  it('costs nothing for who has it already, and is another for everybody', () =>
    withBans(async ({ server, operator, shop }) => {
      const { headers } = await askHttp(server, 'GET /api/v1/bans', { token: operator });
      const tag = headers.get('etag') ?? '';
      assert.match(headers.get('cache-control') ?? '', /private, no-cache/);
      const statusOf = async (token: string, path = '/api/v1/bans') =>
        (await askHttp(server, `GET ${path}`, { token, headers: { 'if-none-match': tag } })).status;
      assert.equal(await statusOf(operator), 304);
      assert.equal(await statusOf(operator, '/api/v1/bans?family=4'), 200);
      assert.equal(await statusOf(shop), 200);
      await server.ask('client-set', { name: 'admin', may: 'ban,subscribe', follows: 'sshd' });
      assert.equal(await statusOf(operator), 200);
    }));

  it('takes of the rate of its client what it makes the server look through', () =>
    withBans(async ({ server, operator }) => {
      let answered = 0;
      for (let status = 200; status === 200 && answered < 100; answered += 1)
        ({ status } = await askHttp(server, 'GET /api/v1/history', { token: operator }));
      assert.ok(answered < 60, `${answered} looks through history`);
      server.clock.advance(1_000);
      assert.equal((await askHttp(server, 'GET /api/v1/history', { token: operator })).status, 200);
    }));
});

describe('counts', () => {
  it('are of what stands or of what history has, by jail, client or network', () =>
    withBans(async ({ server, operator, shop }) => {
      const counted = async (query: string, token = operator) =>
        (await list(server, `counts?${query}`, token))['counts'];
      assert.deepEqual(await counted(''), [
        { name: 'sshd', count: 2 },
        { name: 'login', count: 1 },
        { name: 'nginx-auth', count: 1 },
      ]);
      assert.deepEqual(await counted('by=network&most=1'), [{ name: '203.0.113.9', count: 2 }]);
      assert.deepEqual(await counted('by=client', shop), [{ name: 'shop.fra1', count: 2 }]);
      assert.deepEqual(await counted('by=jail&since=2026-01-01T00:00:02Z'), [{ name: 'sshd', count: 2 }]);
      await askHttp(server, 'DELETE /api/v1/bans/203.0.113.9?jail=login', { token: shop });
      assert.deepEqual(await counted('by=client', shop), [{ name: 'shop.fra1', count: 1 }]);
      assert.deepEqual(await counted('of=history&by=client', shop), [{ name: 'shop.fra1', count: 2 }]);
      assert.deepEqual(await counted('of=history&by=jail&until=2026-01-01T00:00:01Z'), [{ name: 'login', count: 1 }]);
      const reader = await makeHttpClient(server, { name: 'reader', follows: 'ssh*' });
      assert.deepEqual(await counted('of=history&by=network', reader), [
        { name: '203.0.113.10', count: 1 },
        { name: '203.0.113.9', count: 1 },
      ]);
    }));
});

describe('history by HTTP', () => {
  it('comes page by page, and shows operators alone what is no report', () =>
    withBans(async ({ server, operator, shop }) => {
      await server.ask('allow-add', { network: '198.18.0.0/24', note: 'lab' });
      const kindsOf = ({ history }: Readonly<Record<string, unknown>>) =>
        Array.isArray(history) ? history.map(({ kind, network }) => `${kind} ${network ?? ''}`.trim()) : [];
      const first = await list(server, 'history?limit=3', operator);
      assert.deepEqual(kindsOf(first), ['allowed 198.18.0.0/24', 'reported 203.0.113.10', 'reported 203.0.113.9']);
      const rest = await list(server, `history?limit=10&cursor=${String(first['next'])}`, operator);
      assert.deepEqual(kindsOf(rest), ['reported 2001:db8::1', 'reported 203.0.113.9', 'enrolled', 'enrolled']);
      assert.equal(rest['next'], null);
      assert.deepEqual(kindsOf(await list(server, 'history', shop)), ['reported 2001:db8::1', 'reported 203.0.113.9']);
      const few = await list(server, 'history?network=203.0.113.9&jail=sshd&until=2026-01-01T00:00:03Z', operator);
      assert.deepEqual(kindsOf(few), ['reported 203.0.113.9']);
      assert.deepEqual(kindsOf(await list(server, 'history?client=admin', shop)), []);
    }));
});
