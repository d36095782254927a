import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { costOfLooking } from '../../../../server/http/api/cost-of-looking.ts';
import { httpLimits } from '../../../../server/http/http-limits.ts';
import { until } from '../../../until.ts';
import { type RunningServer, withServer } from '../../running-server.ts';
import { askHttp, makeHttpClient } from '../ask-http.ts';
import { askAsBouncer, listedIn, valuesOf } from './ask-as-bouncer.ts';
import { parseGoDuration } from './stream-under-test.ts';

const forbidden = '{"message":"access forbidden"}';

/** One server with bans of two clients and two jails, and the key of a bouncer that hears of all. */
async function withBans(work: (server: RunningServer, key: string) => Promise<void>): Promise<void> {
  await withServer(async (server) => {
    for (const [client, jail, network, ttl] of [
      ['web1', 'sshd', '203.0.113.7', '1h'],
      ['web1', 'nginx-auth', '203.0.113.0/24', '2h'],
      ['web2', 'sshd', '2001:db8::7', 'permanent'],
    ] as const) {
      const token = tokens.get(client) ?? (await makeHttpClient(server, { name: client, may: 'ban,unban' }));
      tokens.set(client, token);
      const { status } = await askHttp(server, `PUT /api/v1/bans/${network}?jail=${jail}&ttl=${ttl}`, { token });
      assert.equal(status, 200);
    }
    tokens.clear();
    await work(server, await makeHttpClient(server, { name: 'edge' }));
  });
}
const tokens = new Map<string, string>();

const all = ['2001:db8::7', '203.0.113.0/24', '203.0.113.7'];

describe('a decision', () => {
  it('says what CrowdSec says of one', () =>
    withBans(async (server, key) => {
      const { text, headers } = await askAsBouncer(server, 'GET /v1/decisions?value=203.0.113.7', key);
      assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
      const [decision] = JSON.parse(text);
      const { id, duration, ...rest } = decision;
      assert.deepEqual(rest, { origin: 'web1', scenario: 'sshd', scope: 'Ip', type: 'ban', value: '203.0.113.7' });
      assert.equal(parseGoDuration(duration), 3_600_000);
      assert.ok(Number.isSafeInteger(id) && id > 0);
    }));

  const listed: readonly (readonly [query: string, values: readonly string[] | null])[] = [
    ['', all],
    ['?ip=203.0.113.7', ['203.0.113.0/24', '203.0.113.7']],
    ['?ip=203.0.113.8', ['203.0.113.0/24']],
    ['?ip=2001:DB8:0::7', ['2001:db8::7']],
    ['?ip=198.51.100.1', null],
    ['?range=203.0.113.0/25', ['203.0.113.0/24']],
    ['?range=203.0.0.0/16', null],
    ['?range=203.0.0.0/16&contains=false', ['203.0.113.0/24', '203.0.113.7']],
    ['?value=203.0.113.0/24', ['203.0.113.0/24']],
    ['?value=203.0.113.9', null],
    ['?value=nothing', null],
    ['?type=ban', all],
    ['?type=captcha', null],
    ['?scopes=RANGE', ['203.0.113.0/24']],
    ['?scopes=ip,AS', ['2001:db8::7', '203.0.113.7']],
    ['?scopes=Country', null],
    ['?scopes=', null],
    ['?scopes=ip&scopes=range', all],
    ['?scope=range', ['203.0.113.0/24']],
    ['?scope=Country', null],
    ['?scope=Country&scopes=range', ['203.0.113.0/24']],
    ['?origins=web2&origins=nobody', ['2001:db8::7']],
    ['?ip=203.0.113.8&ip=198.51.100.1', ['203.0.113.0/24']],
    ['?limit=0', all],
    ['?limit=-1', all],
    ['?limit=x', all],
    ['?limit=2&offset=2', ['2001:db8::7']],
    ['?limit=1&scope=range&offset=1', null],
    ['?origins=web2', ['2001:db8::7']],
    ['?origins=web1,web2', all],
    ['?origins=WEB2', null],
    ['?scenarios_containing=SSH', ['2001:db8::7', '203.0.113.7']],
    ['?scenarios_containing=auth,ssh', all],
    ['?scenarios_not_containing=ssh,nothing', ['203.0.113.0/24']],
    ['?ip=203.0.113.7&scenarios_containing=nginx', ['203.0.113.0/24']],
    ['?what=newer-bouncers-ask', all],
  ];
  for (const [query, values] of listed) {
    it(`is found, or not, by ${query || 'nothing'}`, () =>
      withBans(async (server, key) => {
        const answer = await askAsBouncer(server, `GET /v1/decisions${query}`, key);
        assert.equal(answer.status, 200);
        assert.deepEqual(listedIn(answer), values);
        const streamed = await askAsBouncer(server, `GET /v1/decisions/stream${query || '?'}&startup=true`, key);
        if (/^\?(scope|origin|scenario|what)/.test(query) && !query.includes('limit'))
          assert.deepEqual(valuesOf(streamed).new, values ?? []);
      }));
  }

  for (const query of ['?ip=x', '?range=1.2.3.4/33', '?contains=maybe']) {
    it(`is not looked for by ${query}, which is answered 400 with a message`, () =>
      withBans(async (server, key) => {
        const answer = await askAsBouncer(server, `GET /v1/decisions${query}`, key);
        assert.equal(answer.status, 400);
        assert.equal(typeof answer.json?.['message'], 'string');
      }));
  }
});

describe('a bouncer without the right to be told', () => {
  it('gets CrowdSec’s 403, whatever it is that is wrong', () =>
    withBans(async (server, key) => {
      const keys = [
        '',
        'x',
        `${key}x`,
        await makeHttpClient(server, { name: 'shop', may: 'ban,unban' }),
        await makeHttpClient(server, { name: 'elsewhere', from: '198.51.100.0/24' }),
      ];
      for (const each of keys)
        for (const path of ['/v1/decisions/stream', '/v1/decisions?ip=203.0.113.7', '/v1/decisions']) {
          const { status, text, headers } = await askAsBouncer(server, `GET ${path}`, each);
          assert.deepEqual([status, text, headers.get('www-authenticate')], [403, forbidden, null]);
        }
      const byToken = await askHttp(server, 'GET /v1/decisions', { token: key });
      assert.equal(byToken.status, 403);
      assert.equal((await askHttp(server, `GET /v1/decisions?token=${key}`)).status, 403);
    }));

  it('is told of no jail that it may not follow', () =>
    withBans(async (server) => {
      const key = await makeHttpClient(server, { name: 'ssh-only', follows: 'sshd' });
      const streamed = await askAsBouncer(server, 'GET /v1/decisions/stream?startup=true', key);
      assert.deepEqual(valuesOf(streamed).new, ['2001:db8::7', '203.0.113.7']);
      assert.deepEqual(listedIn(await askAsBouncer(server, 'GET /v1/decisions?ip=203.0.113.9', key)), null);
      await server.ask('unban', { network: '203.0.113.0/24' });
      assert.equal((await askAsBouncer(server, 'GET /v1/decisions/stream', key)).text, '{"deleted":null,"new":null}');
    }));

  it('finds nothing else here', () =>
    withBans(async (server, key) => {
      for (const [request, status] of [
        ['POST /v1/decisions/stream', 405],
        ['DELETE /v1/decisions', 405],
        ['GET /v1/alerts', 404],
        ['POST /v1/watchers/login', 404],
        ['GET /v1/heartbeat', 404],
        ['GET /v1//decisions', 404],
        ['GET /v1/decisions/../decisions/stream/x', 404],
      ] as const)
        assert.equal((await askAsBouncer(server, request, key)).status, status, request);
    }));
});

async function askAndGo(server: RunningServer, questions: string, waits: boolean): Promise<void> {
  const socket = connect(server.server.port, '127.0.0.1');
  socket.write(questions);
  if (waits) await once(socket, 'data');
  socket.destroy();
}

describe('the stream over HTTP', () => {
  it('is told once, each key from its own position, and by HEAD to nobody', () =>
    withBans(async (server, key) => {
      const other = await makeHttpClient(server, { name: 'other-edge' });
      const head = await askAsBouncer(server, 'HEAD /v1/decisions/stream?startup=true', key);
      assert.deepEqual([head.status, head.text], [200, '']);
      for (const each of [key, other]) {
        const first = await askAsBouncer(server, 'GET /v1/decisions/stream', each);
        assert.deepEqual(valuesOf(first), { deleted: [], new: all });
        await askAsBouncer(server, 'HEAD /v1/decisions/stream', each);
        const second = await askAsBouncer(server, 'GET /v1/decisions/stream?', each);
        assert.equal(second.text, '{"deleted":null,"new":null}');
      }
      await server.ask('unban', { network: '203.0.113.7' });
      for (const each of [key, other]) {
        const changed = await askAsBouncer(server, 'GET /v1/decisions/stream?startup=false', each);
        assert.deepEqual(valuesOf(changed), { deleted: ['203.0.113.7'], new: [] });
      }
      await server.ask('panic');
      assert.deepEqual(valuesOf(await askAsBouncer(server, 'GET /v1/decisions/stream', key)).deleted.length, 2);
      assert.equal((await askAsBouncer(server, 'GET /v1/decisions', key)).text, 'null');
      await server.ask('resume');
      assert.equal(valuesOf(await askAsBouncer(server, 'GET /v1/decisions/stream', key)).new.length, 2);
    }));

  it('takes the counts of newer bouncers, whatever their type and coding, up to a size, and keeps nothing', () =>
    withBans(async (server, key) => {
      const ask = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
        askHttp(server, 'POST /v1/usage-metrics', { headers: { 'x-api-key': key, ...headers }, body });
      const counts = '{"remediation_components":[]}';
      for (const [body, headers] of [
        [counts, { 'content-type': 'application/json' }],
        [counts, { 'content-type': 'text/plain;charset=UTF-8' }],
        [gzipSync(counts), { 'content-encoding': 'gzip' }],
        ['x'.repeat(httpLimits.discardedMaxBytes), {}],
      ] as const) {
        const answer = await ask(body, headers);
        assert.deepEqual([answer.status, answer.text], [201, '']);
        assert.notEqual(answer.headers.get('connection'), 'close');
      }
      assert.equal((await ask('x'.repeat(httpLimits.discardedMaxBytes + 1))).status, 413);
      assert.equal((await askHttp(server, 'POST /v1/usage-metrics', { body: '{}' })).status, 403);
    }));

  it('waits rather than refuse who asks for very much at once', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'web1', may: 'ban' });
      for (let last = 0; last < 100; last += 1)
        await askHttp(server, `PUT /api/v1/bans/203.0.113.${last}?jail=sshd`, { token });
      const key = await makeHttpClient(server, { name: 'edge' });
      // Nearly all of its rate; what is left is enough for fewer than are asked for below.
      while ((await askHttp(server, 'GET /api/v1/history', { token: key })).status === 200);
      const each = Math.ceil(httpLimits.historyCost / costOfLooking(16 * 100) / 8) + 1;
      const answers = Array.from({ length: 8 }, async () => {
        let answered = 0;
        for (let count = 0; count < each; count += 1)
          answered += Number((await askAsBouncer(server, 'GET /v1/decisions/stream?startup=true', key)).status === 200);
        return answered;
      });
      let isDone = false;
      void Promise.all(answers).finally(() => {
        isDone = true;
      });
      await until(async () => {
        server.clock.advance(1_000);
        await server.ask('status');
        return isDone;
      }, 'all are answered');
      for (const answered of await Promise.all(answers)) assert.equal(answered, each);
    }));

  it('goes to every reader of a key, and again when one is gone', () =>
    withBans(async (server, key) => {
      const question = `GET /v1/decisions/stream?startup=true HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\n\r\n`;
      // Some ask again before they are answered, and some are gone before.
      for (const times of [1, 4])
        for (const waits of [true, false, true]) await askAndGo(server, question.repeat(times), waits);
      const asked = Array.from({ length: 8 }, () => askAsBouncer(server, 'GET /v1/decisions/stream?startup=true', key));
      for (const answer of await Promise.all(asked)) assert.deepEqual(valuesOf(answer), { deleted: [], new: all });
    }));

  it('is told again over a new connection when the one before breaks behind an answer, and not when it ends', () =>
    withBans(async (server, key) => {
      await askAsBouncer(server, 'GET /v1/decisions/stream?startup=true', key);
      const question = `GET /v1/decisions/stream HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\n\r\n`;
      await server.ask('ban', { network: '198.51.100.7', ttl: '1h' });
      const breaking = connect(server.server.port, '127.0.0.1');
      breaking.write(question);
      await once(breaking, 'data');
      breaking.resetAndDestroy();
      let told: string[] = [];
      await until(async () => {
        told = valuesOf(await askAsBouncer(server, 'GET /v1/decisions/stream', key)).new;
        return told.length > 0;
      }, 'it is told again');
      assert.deepEqual(told, ['198.51.100.7']);
      await server.ask('ban', { network: '198.51.100.8', ttl: '1h' });
      const ending = connect(server.server.port, '127.0.0.1');
      ending.write(question);
      await once(ending, 'data');
      ending.end();
      await once(ending, 'close');
      assert.deepEqual(valuesOf(await askAsBouncer(server, 'GET /v1/decisions/stream', key)).new, []);
    }));

  it('answers whatever is asked without a fault', () =>
    withBans(async (server, key) => {
      const name = fc.constantFrom(
        ...['startup', 'scopes', 'origins', 'scenarios_containing', 'scenarios_not_containing', 'ip', 'range'],
        ...['scope', 'value', 'type', 'contains', 'limit', 'community_pull', 'token', '', '__proto__'],
      );
      const value = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.ipV4(), fc.ipV6(), fc.constant(','));
      const path = fc.constantFrom('/v1/decisions', '/v1/decisions/stream');
      await fc.assert(
        fc.asyncProperty(path, fc.array(fc.tuple(name, value), { maxLength: 5 }), async (which, pairs) => {
          const query = pairs.map(([left, right]) => `${left}=${encodeURIComponent(right)}`).join('&');
          const { status, json } = await askAsBouncer(server, `GET ${which}?${query}`, key);
          assert.ok([200, 400, 413].includes(status), `${status}`);
          if (status !== 200) assert.equal(typeof json?.['message'], 'string');
        }),
        { numRuns: 200 },
      );
    }));
});
