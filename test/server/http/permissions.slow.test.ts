import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RunningServer, withServer } from '../running-server.ts';
import { askHttp, type HttpAnswer, makeHttpClient } from './ask-http.ts';
import { OpenApiCheck } from './openapi-check.ts';

/** Those whom nobody knows: whatever they ask for, they hear the same. */
const unknown = ['nobody', 'a wrong token', 'an ended token', 'a revoked token', 'the key of a host'] as const;
const known = ['ban', 'unban', 'subscribe, follows', 'subscribe, follows not', 'operate'] as const;

type Known = (typeof known)[number];

/** A request that every caller sends, and who is answered with 200; of the others that are known the status is 403. */
interface Row {
  readonly operation: string;
  readonly path?: string;
  readonly body?: object;
  readonly may: readonly Known[] | 'anybody';
  /** What those hear whom nobody knows; 401 when it is left out. */
  readonly unknown?: number;
  /** Who finds in the answer what client `other` reported: those of `may` that are not here must not. */
  readonly seen?: { readonly text: string; readonly by: readonly Known[] };
}

const operators: readonly Known[] = ['operate'];
const readers: readonly Known[] = ['subscribe, follows', 'subscribe, follows not', 'operate'];
const seen = { text: 'other', by: ['subscribe, follows', 'operate'] } as const;
const onList = { text: '203.0.113.66', by: ['subscribe, follows', 'operate'] } as const;

/** Bouncers of CrowdSec, which know 403 alone. */
const bouncers = { may: readers, unknown: 403 } as const;

const rows: readonly Row[] = [
  { operation: 'GET /', may: 'anybody' },
  { operation: 'GET /api/v1/health', may: 'anybody' },
  { operation: 'GET /api/v1/ready', may: 'anybody' },
  { operation: 'GET /api/v1/openapi.json', may: 'anybody' },
  { operation: 'GET /api/v1/bans', may: known, seen },
  { operation: 'GET /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.66', may: known, seen },
  { operation: 'GET /api/v1/counts', path: '/api/v1/counts?by=client', may: known, seen },
  { operation: 'GET /api/v1/counts', path: '/api/v1/counts?by=client&of=history', may: known, seen },
  { operation: 'GET /api/v1/history', may: known, seen },
  { operation: 'GET /api/v1/history', may: known, seen: { text: 'enrolled', by: operators } },
  { operation: 'PUT /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.1', may: ['ban'] },
  { operation: 'DELETE /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.1', may: ['unban'] },
  { operation: 'DELETE /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.1?lift', may: operators },
  { operation: 'GET /blocklist.txt', may: readers, seen: onList },
  { operation: 'GET /blocklist.json', may: readers, seen: onList },
  { operation: 'GET /blocklist.csv', may: readers, seen: onList },
  { operation: 'GET /blocklist.nft', may: readers, seen: onList },
  { operation: 'GET /blocklist.ipset', may: readers, seen: onList },
  { operation: 'GET /blocklist.rsc', may: readers, seen: onList },
  { operation: 'GET /health', may: 'anybody' },
  { operation: 'GET /v1/decisions/', may: 'anybody' },
  { operation: 'GET /v1/decisions/stream/', may: 'anybody' },
  { operation: 'GET /v1/decisions', ...bouncers, seen: onList },
  { operation: 'GET /v1/decisions/stream', path: '/v1/decisions/stream?startup=true', ...bouncers, seen: onList },
  { operation: 'POST /v1/usage-metrics', body: {}, ...bouncers },
  { operation: 'GET /api/v1/whitelist', may: operators },
  { operation: 'GET /api/v1/whitelist/{network}', path: '/api/v1/whitelist/203.0.113.2', may: operators },
  { operation: 'PUT /api/v1/whitelist/{network}', path: '/api/v1/whitelist/203.0.113.2', may: operators },
  { operation: 'DELETE /api/v1/whitelist/{network}', path: '/api/v1/whitelist/203.0.113.2', may: operators },
  { operation: 'GET /api/v1/clients', may: operators },
  { operation: 'POST /api/v1/clients', body: { name: 'made' }, may: operators },
  { operation: 'GET /api/v1/clients/{name}', path: '/api/v1/clients/made', may: operators },
  {
    operation: 'PATCH /api/v1/clients/{name}',
    path: '/api/v1/clients/made',
    body: { jails: ['sshd'] },
    may: operators,
  },
  { operation: 'POST /api/v1/clients/{name}/rotate', path: '/api/v1/clients/made/rotate', may: operators },
  { operation: 'DELETE /api/v1/clients/{name}', path: '/api/v1/clients/made', may: operators },
  { operation: 'GET /api/v1/status', may: operators },
  { operation: 'POST /api/v1/reconcile', may: operators },
  { operation: 'POST /api/v1/panic', may: operators },
  { operation: 'POST /api/v1/resume', may: operators },
];

type Callers = ReadonlyMap<string, string | undefined>;

async function makeCallers(server: RunningServer): Promise<Callers> {
  const other = await makeHttpClient(server, { name: 'other', may: 'ban' });
  await askHttp(server, 'PUT /api/v1/bans/203.0.113.66?jail=login', { token: other });
  const ended = await makeHttpClient(server, { name: 'ended' });
  await server.ask('client-rotate', { name: 'ended', overlap: '1h' });
  server.clock.advance(3_600_000);
  const revoked = await makeHttpClient(server, { name: 'revoked' });
  await server.ask('client-revoke', { name: 'revoked' });
  const host = await server.enroll({ name: 'host', may: 'ban,unban,subscribe,operate' });
  return new Map([
    ['nobody', undefined],
    ['a wrong token', `AAAAAAAA.${'A'.repeat(43)}`],
    ['an ended token', ended],
    ['a revoked token', revoked],
    ['the key of a host', `${host.keyId}.${host.secret}`],
    ['from elsewhere', await makeHttpClient(server, { name: 'far', may: 'operate', from: '192.0.2.0/24' })],
    ['ban', await makeHttpClient(server, { name: 'bans', may: 'ban' })],
    ['unban', await makeHttpClient(server, { name: 'unbans', may: 'unban' })],
    ['subscribe, follows', await makeHttpClient(server, { name: 'follower', follows: 'log*' })],
    ['subscribe, follows not', await makeHttpClient(server, { name: 'reader', follows: 'sshd' })],
    ['operate', await makeHttpClient(server, { name: 'admin', may: 'operate' })],
  ]);
}

async function ask(server: RunningServer, { operation, path, body }: Row, token: string | undefined) {
  const [method = '', url = ''] = operation.split(' ');
  const type = body === undefined ? {} : { 'content-type': 'application/json' };
  return await askHttp(server, `${method} ${path ?? url}`, {
    headers: token === undefined ? type : { ...type, 'x-api-key': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(token === undefined ? {} : { token }),
  });
}

/** Of a request that is carried out it is 200, or another that says so. */
function expectedStatus(row: Row, caller: string, status: number): number {
  const done = status < 400 ? status : 200;
  if (row.may === 'anybody') return done;
  if (unknown.some((each) => each === caller)) return row.unknown ?? 401;
  return row.may.some((each) => each === caller) ? done : 403;
}

function judge(row: Row, caller: string, { status, text }: HttpAnswer): void {
  const what = `${row.operation} ${row.path ?? ''} by ${caller}: ${text}`;
  assert.equal(status, expectedStatus(row, caller, status), what);
  if (row.seen === undefined || status >= 300) return;
  const isSeen = row.seen.by.some((each) => each === caller);
  assert.equal(text.includes(row.seen.text), isSeen, what);
}

describe('who may ask for what', () => {
  it('is so for every route and every kind of caller', () =>
    withServer(async (server) => {
      const callers = await makeCallers(server);
      const check = await OpenApiCheck.of(server);
      const asked = new Set(rows.map(({ operation }) => operation));
      const routes = [...check.operations.keys()];
      assert.deepEqual(
        routes.filter((route) => !asked.has(route)),
        [],
        'routes that stand in no row',
      );
      for (const row of rows) {
        for (const [caller, token] of callers) {
          const answer = await ask(server, row, token);
          judge(row, caller, answer);
          check.check(row.operation, answer);
        }
      }
    }));

  it('changes nothing for who may not', () =>
    withServer(async (server) => {
      const callers = await makeCallers(server);
      const before = await server.ledger.load();
      for (const row of rows) {
        if (row.may === 'anybody') continue;
        for (const caller of [...unknown, 'from elsewhere']) await ask(server, row, callers.get(caller));
      }
      assert.deepEqual(await server.ledger.load(), before);
    }));
});

describe('a client that operates', () => {
  it('does not lock itself out by a slip', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'admin', may: 'operate' });
      const change = async (body: object) => {
        const headers = { 'content-type': 'application/json' };
        const request = { token, headers, body: JSON.stringify(body) };
        return (await askHttp(server, 'PATCH /api/v1/clients/admin', request)).status;
      };
      assert.equal(await change({ may: ['ban'] }), 403);
      assert.equal(await change({ from: ['192.0.2.0/24'] }), 403);
      assert.equal((await askHttp(server, 'DELETE /api/v1/clients/admin', { token })).status, 403);
      assert.equal(await change({ may: ['ban', 'operate'] }), 200);
      assert.equal(await change({ from: ['192.0.2.0/24', '127.0.0.0/8'] }), 200);
      assert.equal(await change({ from: [] }), 200);
      assert.equal(await change({ name: 'other' }), 400);
      assert.equal(await change({}), 400);
    }));

  it('is told a new token once, and no cache is', () =>
    withServer(async (server) => {
      const token = await makeHttpClient(server, { name: 'admin', may: 'operate' });
      const { json, headers } = await askHttp(server, 'POST /api/v1/clients/admin/rotate?overlap=0s', { token });
      assert.equal(headers.get('cache-control'), 'no-store');
      assert.equal((await askHttp(server, 'GET /api/v1/status', { token })).status, 401);
      const renewed = String(json?.['token']);
      assert.equal((await askHttp(server, 'GET /api/v1/status', { token: renewed })).status, 200);
      const [, secret = ''] = renewed.split('.');
      const listed = await askHttp(server, 'GET /api/v1/clients', { token: renewed });
      assert.ok(!listed.text.includes(secret) && !/hash|secret/i.test(listed.text));
      const { history } = await server.ask('history', { client: 'admin', most: 1 });
      assert.ok(Array.isArray(history) && history[0].actor === 'admin', 'history shows who did it');
    }));
});
