import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { type RunningServer, withServer } from '../running-server.ts';
import { askHttp, type HttpAnswer, makeHttpClient } from './ask-http.ts';
import { OpenApiCheck, objectIn } from './openapi-check.ts';

interface Asking {
  readonly operation: string;
  /** The path and query where they are not the url itself. */
  readonly path?: string;
  readonly status?: number;
  readonly as?: 'operator' | 'shop' | 'nobody';
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** In their order; each route at least once, and what can go wrong with it. */
const askings: readonly Asking[] = [
  { operation: 'GET /', as: 'nobody' },
  { operation: 'GET /', as: 'nobody', path: '/?ip=203.0.113.7', status: 401 },
  { operation: 'GET /', path: '/?ip=203.0.113.7', status: 400 },
  { operation: 'GET /', path: '/?ip=203.0.113.77&ban=banip' },
  { operation: 'GET /', path: '/?ip=192.0.2.7&ban=banip', status: 422 },
  { operation: 'GET /api/v1/health', as: 'nobody' },
  { operation: 'GET /api/v1/ready', as: 'nobody' },
  { operation: 'GET /api/v1/ready', as: 'nobody', path: '/api/v1/ready?now', status: 400 },
  { operation: 'GET /api/v1/openapi.json', as: 'nobody' },
  { operation: 'PUT /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.0/24?labels=site=fra1&ttl=1h&jail=login' },
  { operation: 'PUT /api/v1/bans/{network}', as: 'shop', path: '/api/v1/bans/203.0.113.7' },
  { operation: 'PUT /api/v1/bans/{network}', path: '/api/v1/bans/192.0.2.7', status: 422 },
  { operation: 'PUT /api/v1/bans/{network}', path: '/api/v1/bans/x', status: 400 },
  { operation: 'PUT /api/v1/bans/{network}', as: 'nobody', path: '/api/v1/bans/203.0.113.7', status: 401 },
  { operation: 'GET /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.0%2F24' },
  { operation: 'GET /api/v1/bans/{network}', path: '/api/v1/bans/192.0.2.7' },
  { operation: 'GET /api/v1/bans', path: '/api/v1/bans?limit=1' },
  { operation: 'GET /api/v1/bans', path: '/api/v1/bans?limit=0', status: 400 },
  { operation: 'GET /api/v1/bans', headers: { 'if-none-match': '*' }, status: 304 },
  { operation: 'GET /api/v1/counts' },
  { operation: 'GET /api/v1/counts', path: '/api/v1/counts?of=history&by=network' },
  { operation: 'GET /api/v1/counts', path: '/api/v1/counts?by=label', status: 400 },
  { operation: 'PUT /api/v1/whitelist/{network}', path: '/api/v1/whitelist/203.0.113.7?for=1h&note=office' },
  { operation: 'PUT /api/v1/whitelist/{network}', path: '/api/v1/whitelist/0.0.0.0/0', status: 422 },
  { operation: 'PUT /api/v1/whitelist/{network}', as: 'shop', path: '/api/v1/whitelist/203.0.113.7', status: 403 },
  { operation: 'GET /api/v1/whitelist' },
  { operation: 'GET /api/v1/whitelist/{network}', path: '/api/v1/whitelist/203.0.113.7' },
  { operation: 'GET /api/v1/whitelist/{network}', path: '/api/v1/whitelist/203.0.113.99' },
  { operation: 'DELETE /api/v1/whitelist/{network}', path: '/api/v1/whitelist/203.0.113.7' },
  { operation: 'DELETE /api/v1/whitelist/{network}', path: '/api/v1/whitelist/192.0.2.7' },
  { operation: 'GET /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.7' },
  { operation: 'DELETE /api/v1/bans/{network}', path: '/api/v1/bans/203.0.113.0/24?lift' },
  { operation: 'DELETE /api/v1/bans/{network}', as: 'shop', path: '/api/v1/bans/203.0.113.0/24?lift', status: 403 },
  { operation: 'GET /api/v1/history' },
  { operation: 'GET /api/v1/history', path: '/api/v1/history?cursor=zzz', status: 400 },
  { operation: 'POST /api/v1/clients', body: { name: 'reader', http: true, may: ['subscribe'], from: ['127.0.0.1'] } },
  { operation: 'POST /api/v1/clients', body: { name: 'web1', jails: ['sshd', 'nginx-*'] } },
  { operation: 'POST /api/v1/clients', body: { name: 'web1' }, status: 400 },
  { operation: 'POST /api/v1/clients', as: 'shop', body: { name: 'web2' }, status: 403 },
  { operation: 'GET /api/v1/clients' },
  { operation: 'GET /api/v1/clients/{name}', path: '/api/v1/clients/reader' },
  { operation: 'GET /api/v1/clients/{name}', path: '/api/v1/clients/nobody', status: 404 },
  { operation: 'PATCH /api/v1/clients/{name}', path: '/api/v1/clients/web1', body: { may: ['ban'], description: 'x' } },
  { operation: 'PATCH /api/v1/clients/{name}', path: '/api/v1/clients/web1', body: { may: ['fly'] }, status: 400 },
  { operation: 'PATCH /api/v1/clients/{name}', path: '/api/v1/clients/web9', body: { may: ['ban'] }, status: 404 },
  { operation: 'POST /api/v1/clients/{name}/rotate', path: '/api/v1/clients/reader/rotate?overlap=1h' },
  { operation: 'POST /api/v1/clients/{name}/rotate', path: '/api/v1/clients/web1/rotate' },
  { operation: 'POST /api/v1/clients/{name}/rotate', path: '/api/v1/clients/web9/rotate', status: 404 },
  { operation: 'DELETE /api/v1/clients/{name}', path: '/api/v1/clients/reader?lift_bans' },
  { operation: 'DELETE /api/v1/clients/{name}', path: '/api/v1/clients/admin', status: 403 },
  { operation: 'GET /blocklist.txt' },
  { operation: 'GET /blocklist.txt', path: '/blocklist.txt?family=5', status: 400 },
  { operation: 'GET /blocklist.txt', as: 'shop', status: 403 },
  { operation: 'GET /blocklist.json' },
  { operation: 'GET /blocklist.csv' },
  { operation: 'GET /blocklist.nft' },
  { operation: 'GET /blocklist.ipset' },
  { operation: 'GET /blocklist.rsc' },
  { operation: 'GET /health' },
  { operation: 'GET /v1/decisions/', status: 301 },
  { operation: 'GET /v1/decisions/stream/', status: 301 },
  { operation: 'GET /v1/decisions' },
  { operation: 'GET /v1/decisions', path: '/v1/decisions?value=192.0.2.7' },
  { operation: 'GET /v1/decisions', path: '/v1/decisions?ip=x', status: 400 },
  { operation: 'GET /v1/decisions', as: 'nobody', status: 403 },
  { operation: 'GET /v1/decisions/stream', as: 'shop', status: 403 },
  { operation: 'GET /v1/decisions/stream', path: '/v1/decisions/stream?startup=true' },
  { operation: 'GET /v1/decisions/stream' },
  { operation: 'POST /v1/usage-metrics', body: {}, status: 201 },
  { operation: 'GET /api/v1/status' },
  { operation: 'GET /api/v1/status', as: 'shop', status: 403 },
  { operation: 'POST /api/v1/reconcile' },
  { operation: 'POST /api/v1/panic' },
  { operation: 'POST /api/v1/resume' },
  { operation: 'POST /api/v1/resume', headers: { 'sec-fetch-site': 'cross-site' }, status: 403 },
];

function hasSucceeded({ seen }: OpenApiCheck, operation: string): boolean {
  return [200, 201, 301].some((status) => seen.has(`${operation} ${status}`));
}

type Ask = (asking: Asking) => Promise<HttpAnswer>;

function withAsker(work: (server: RunningServer, ask: Ask) => Promise<void>): Promise<void> {
  return withServer(async (server) => {
    server.server.reload({ ...server.settings, http: { enabled: true, urlBans: true } }, undefined);
    const operator = await makeHttpClient(server, { name: 'admin', may: 'ban,unban,operate' });
    const shop = await makeHttpClient(server, { name: 'shop', may: 'ban,unban' });
    await server.logIn(await server.enroll({ name: 'host1' }));
    await work(server, ({ operation, path, as = 'operator', body, headers = {} }) => {
      const [method = '', url = ''] = operation.split(' ');
      const token = { operator, shop, nobody: undefined }[as];
      return askHttp(server, `${method} ${path ?? url}`, {
        headers: {
          'x-api-key': token ?? '',
          ...headers,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(token === undefined ? {} : { token }),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    });
  });
}

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', () =>
    withAsker(async (server) => {
      const { document } = await OpenApiCheck.of(server);
      assert.equal(document['openapi'], '3.1.0');
      const { valid, errors } = await new Validator().validate({ ...document });
      assert.ok(valid, JSON.stringify(errors));
    }));

  it('declares every answer of every route', () =>
    withAsker(async (server, ask) => {
      const check = await OpenApiCheck.of(server);
      for (const asking of askings) {
        const answer = await ask(asking);
        assert.equal(answer.status, asking.status ?? 200, `${JSON.stringify(asking)}: ${answer.text}`);
        check.check(asking.operation, answer);
      }
      const missing = [...check.operations.keys()].filter((operation) => !hasSucceeded(check, operation));
      assert.deepEqual(missing, [], 'routes that no test asks for');
    }));

  it('declares no member that an answer has not, and lets none pass that it does not declare', () =>
    withAsker(async (server, ask) => {
      const check = await OpenApiCheck.of(server);
      const operation = 'GET /api/v1/bans';
      const answer = await ask({ operation });
      check.check(operation, answer);
      assert.throws(() => check.check(operation, { ...answer, json: { ...answer.json, more: 1 } }), /additional/);
      assert.throws(() => check.check(operation, { ...answer, json: { bans: [] } }), /required/);
      assert.throws(() => check.check(operation, { ...answer, status: 418 }), /418 is not declared/);
    }));

  it('names parameters, permissions and ways to hand over the token', () =>
    withAsker(async (server) => {
      const { operations } = await OpenApiCheck.of(server);
      for (const [name, operation] of operations) {
        const inUrl = [...name.matchAll(/\{([a-z]+)\}/g)].map(([, part]) => part);
        const parameters = Array.isArray(operation['parameters']) ? operation['parameters'] : [];
        const inPath = parameters.filter((each) => each.in === 'path').map((each) => each.name);
        assert.deepEqual(inPath, inUrl, name);
      }
      const list = operations.get('GET /api/v1/bans') ?? {};
      assert.deepEqual(list['security'], [{ bearer: [] }, { basic: [] }]);
      assert.match(JSON.stringify(list['parameters']), /client_suffix/);
      assert.match(
        String(objectIn({ status: operations.get('GET /api/v1/status') }, 'status')['description']),
        /operate/,
      );
    }));
});
