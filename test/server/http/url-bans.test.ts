import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RunningServer, withServer } from '../running-server.ts';
import { askHttp, makeHttpClient } from './ask-http.ts';

/** A server with `[http] url_bans = yes`, and the password of a device. */
function withDevice(work: (server: RunningServer, ask: Ask) => Promise<void>): Promise<void> {
  return withServer(async (server) => {
    server.server.reload({ ...server.settings, http: { enabled: true, urlBans: true } }, undefined);
    const token = await makeHttpClient(server, { name: 'camera', may: 'ban,unban' });
    const authorization = `Basic ${Buffer.from(`camera:${token}`).toString('base64')}`;
    await work(server, (query, headers = {}) =>
      askHttp(server, `GET /${query}`, { headers: { authorization, ...headers } }),
    );
  });
}

type Ask = (query: string, headers?: Readonly<Record<string, string>>) => ReturnType<typeof askHttp>;

describe('a ban by nothing but a URL', () => {
  it('is off unless it is switched on', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'camera', may: 'ban,unban' });
      const { status, json } = await askHttp(server, 'GET /?ip=203.0.113.7&ban=banip', { token });
      assert.deepEqual([status, json?.['code']], [400, 'bad-argument']);
      assert.match(String(json?.['detail']), /\[http\] url_bans = yes$/);
      assert.equal((await server.ledger.load()).reports.length, 0);
    }));

  it('bans and unbans, and says so in plain text', () =>
    withDevice(async (server, ask) => {
      const banned = await ask('?ip=203.0.113.7&ban=banip&jail=login');
      assert.deepEqual([banned.status, banned.text], [200, 'OK ban 203.0.113.7\n']);
      const [report] = (await server.ledger.load()).reports;
      assert.deepEqual([report?.client, report?.jail, report?.endsAt], ['camera', 'login', Number.POSITIVE_INFINITY]);
      const unbanned = await ask('?ip=203.0.113.7&ban=unbanip&jail=login');
      assert.deepEqual([unbanned.status, unbanned.text], [200, 'OK unban 203.0.113.7\n']);
      assert.equal((await server.ledger.load()).reports.length, 0);
    }));

  it('says of an unban that others ban it still', () =>
    withDevice(async (server, ask) => {
      await ask('?ip=203.0.113.7&ban=banip');
      await server.ask('ban', { network: '203.0.113.0/24' });
      const { status, text } = await ask('?ip=203.0.113.7&ban=unbanip');
      assert.equal(status, 200);
      assert.match(text, /^OK unban 203\.0\.113\.7, but it is still banned/);
    }));

  const refused: readonly (readonly [query: string, status: number, text: RegExp])[] = [
    ['?ip=203.0.113.7', 400, /^bad-argument: ban: is missing; allowed is banip, unbanip\n$/],
    ['?ip=203.0.113.7&ban=', 400, /^bad-argument: ban: ""/],
    ['?ip=203.0.113.7&ban=ban', 400, /^bad-argument/],
    ['?ban=banip', 400, /^bad-argument: ip: is missing/],
    ['?ip=203.0.113.7&ip=203.0.113.8&ban=banip', 400, /^bad-argument/],
    ['?ip=192.0.2.1&ban=banip', 422, /^whitelisted: /],
    ['?ip=attacker.example&ban=banip', 400, /^bad-argument/],
  ];
  for (const [query, status, text] of refused) {
    it(`is refused as plain text: ${query}`, () =>
      withDevice(async (server, ask) => {
        const answer = await ask(query);
        assert.equal(answer.status, status);
        assert.match(answer.text, text);
        assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
        assert.equal((await server.ledger.load()).reports.length, 0);
      }));
  }

  it('is refused where a browser asks for a page of another site', () =>
    withDevice(async (server, ask) => {
      const { port } = server.server;
      const statusOf = async (headers: Readonly<Record<string, string>>) =>
        (await ask('?ip=203.0.113.7&ban=banip', headers)).status;
      assert.equal(await statusOf({ 'sec-fetch-site': 'cross-site' }), 403);
      assert.equal(await statusOf({ 'sec-fetch-site': 'same-site' }), 403);
      assert.equal(await statusOf({ origin: 'https://evil.example' }), 403);
      assert.equal(await statusOf({ origin: 'null' }), 403);
      assert.equal((await server.ledger.load()).reports.length, 0);
      assert.equal(await statusOf({ origin: `http://127.0.0.1:${port}` }), 200);
      assert.equal(await statusOf({ 'sec-fetch-site': 'none' }), 200);
    }));

  it('asks for the password, and leaves what is here to anybody', () =>
    withDevice(async (server) => {
      const { status, headers } = await askHttp(server, 'GET /?ip=203.0.113.7&ban=banip');
      assert.deepEqual([status, /Basic/.test(headers.get('www-authenticate') ?? '')], [401, true]);
      const front = await askHttp(server, 'GET /');
      assert.deepEqual([front.status, /^fail2networkban/.test(front.text)], [200, true]);
    }));
});

describe('[http] enabled = no', () => {
  it('leaves WebSocket alone, and comes and goes with a reload', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'shop' });
      const credentials = await server.enroll({ name: 'web1' });
      server.server.reload({ ...server.settings, http: { enabled: false, urlBans: true } }, undefined);
      for (const path of ['/', '/?ip=203.0.113.7&ban=banip', '/api/v1/health', '/api/v1/bans/203.0.113.7']) {
        const { status, headers } = await askHttp(server, `GET ${path}`, { token });
        assert.deepEqual([status, headers.get('upgrade')], [426, 'websocket']);
      }
      (await server.logIn(credentials)).close();
      server.server.reload(server.settings, undefined);
      assert.equal((await askHttp(server, 'GET /api/v1/health')).status, 200);
    }));
});
