import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { httpLimits } from '../../../server/http/http-limits.ts';
import type { Identity } from '../../../server/server.ts';
import { limits } from '../../../shared/limits.ts';
import { pinOf } from '../../../shared/pin.ts';
import { makeCertificates } from '../../certificates.ts';
import { until } from '../../until.ts';
import { type RunningServer, withServer } from '../running-server.ts';
import { StrangerSocket } from '../stranger-socket.ts';
import { makeHttpClient } from './ask-http.ts';

const health = 'GET /api/v1/health HTTP/1.1\r\nhost: x\r\n\r\n';
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;
const post = (headers: readonly string[], body = ''): string =>
  `POST /api/v1/clients HTTP/1.1\r\nhost: x\r\nauthorization: Bearer TOKEN\r\ncontent-type: application/json\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
const bytes = (count: number): string => 'a'.repeat(count);

/** What is sent, and the status of the answer; undefined: the connection ends without one. `TOKEN` is one that operates. */
const requests: readonly (readonly [name: string, sent: string, status: number | undefined])[] = [
  ['a head that is too large', `GET / HTTP/1.1\r\nx: ${bytes(httpLimits.headersMaxBytes)}\r\n\r\n`, 431],
  ['a flood of headers', `GET / HTTP/1.1\r\nhost: x\r\n${'x: y\r\n'.repeat(5_000)}\r\n`, 431],
  ['a path that is too long', get(`/${bytes(httpLimits.urlMaxCharacters)}`), 413],
  [
    'Content-Length beside Transfer-Encoding',
    post(['content-length: 2', 'transfer-encoding: chunked'], '0\r\n\r\n'),
    400,
  ],
  ['two lengths', post(['content-length: 2', 'content-length: 3'], '{}'), 400],
  ['a length that is none', post(['content-length: +2'], '{}'), 400],
  ['a coding that is not chunked', post(['transfer-encoding: gzip'], '{}'), 400],
  ['chunks that are none', post(['transfer-encoding: chunked'], 'xyz\r\n'), 400],
  ['lines that end in LF alone', 'GET /api/v1/health HTTP/1.1\nhost: x\n\n', 400],
  ['a header before the first line', 'x: y\r\nGET / HTTP/1.1\r\n\r\n', 400],
  ['a blank before the colon', 'GET / HTTP/1.1\r\nhost : x\r\n\r\n', 400],
  ['a NUL in a header', 'GET / HTTP/1.1\r\nhost: x\r\nx: a\0b\r\n\r\n', 400],
  ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['an unknown method', 'BREW / HTTP/1.1\r\nhost: x\r\n\r\n', 400],
  ['CONNECT', 'CONNECT 127.0.0.1:22 HTTP/1.1\r\nhost: x\r\n\r\n', undefined],
  ['TRACE', 'TRACE /api/v1/health HTTP/1.1\r\nhost: x\r\n\r\n', 405],
  ['OPTIONS', 'OPTIONS /api/v1/bans/203.0.113.7 HTTP/1.1\r\nhost: x\r\n\r\n', 405],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  ['a target with a host', get('http://x/api/v1/health'), 404],
  ['a target that is a host', get('x:80'), 400],
  ['an expectation nobody has', 'GET / HTTP/1.1\r\nhost: x\r\nexpect: tea\r\n\r\n', 417],
  ['HTTP/2 without a word before', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['HTTP/0.9', 'GET /\r\n\r\n', 200],
  ['HTTP/9.9', 'GET / HTTP/9.9\r\nhost: x\r\n\r\n', 400],
  ['another upgrade', 'GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n', 400],
  ['no HTTP at all', '\x16\x03\x01\x00\xff\x00\r\n\r\n', 400],
  ['//', get('//api/v1/health'), 404],
  ['/./', get('/./api/v1/health'), 404],
  ['/../', get('/api/v1/../v1/health'), 404],
  ['%2e%2e', get('/api/v1/%2e%2e/v1/health'), 404],
  ['%00', get('/api/v1/health%00'), 404],
  [';', get('/api/v1/health;a=b'), 404],
  ['a slash at the end', get('/api/v1/health/'), 404],
  ['a slash in its other clothes', get('/api%2fv1/health'), 404],
  ['a backslash', get('\\api\\v1\\health'), 400],
  ['upper case', get('/API/v1/health'), 404],
  ['a percent sign that stands for nothing', get('/api/v1/bans/%zz'), 404],
  ['%2e%2e where a name stands', get('/api/v1/clients/%2e%2e'), 401],
  [
    'a body that is too large',
    post([`content-length: ${httpLimits.bodyMaxBytes + 1}`], bytes(httpLimits.bodyMaxBytes + 1)),
    413,
  ],
  ['a body that grows too large', post(['transfer-encoding: chunked'], `10001\r\n${bytes(0x10001)}\r\n0\r\n\r\n`), 413],
  ['a body that is no JSON', post(['content-length: 2'], '{]'), 400],
  ['JSON that is no object', post(['content-length: 2'], '[]'), 400],
  ['JSON that is deep', post([`content-length: ${20_000}`], '['.repeat(20_000)), 400],
  ['a body with __proto__', post(['content-length: 29'], '{"__proto__":{"name":"evil"}}'), 400],
  ['HTTP/1.0', 'GET /api/v1/health HTTP/1.0\r\n\r\n', 200],
  ['a wrong Host', 'GET /api/v1/health HTTP/1.1\r\nhost: evil.example\r\n\r\n', 200],
];

let folder = '';
let identity: Identity;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'f2nb-hostile-'));
  const { certFile, keyFile } = await makeCertificates(folder);
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
  identity = { certificate: { cert, key }, pin: pinOf(new X509Certificate(cert)) };
});
after(() => rm(folder, { recursive: true }));

for (const transport of ['plain', 'TLS'] as const) {
  const open = ({ server }: RunningServer): Promise<StrangerSocket> =>
    transport === 'TLS' ? StrangerSocket.openTls(server.port) : StrangerSocket.open(server.port);
  const run = (work: (server: RunningServer) => Promise<void>): Promise<void> =>
    withServer(work, transport === 'TLS' ? identity : undefined);

  /** The server answers others, as if nothing had been. */
  const stillServes = async (server: RunningServer): Promise<void> => {
    const socket = await open(server);
    socket.send(health);
    await socket.closed;
    assert.match(socket.received, /^HTTP\/1\.1 200 OK\r\n/);
  };

  describe(`hostile HTTP, ${transport}`, () => {
    it('is refused, each kind in its way, and the server goes on', () =>
      run(async (server) => {
        const token = await makeHttpClient(server, { name: 'admin', may: 'operate' });
        const found: [name: string, status: number | undefined][] = [];
        for (const [name, sent, status] of requests) {
          const socket = await open(server);
          socket.send(sent.replaceAll('TOKEN', token));
          if (status === undefined) await socket.closed;
          else await until(() => socket.received.includes('\r\n\r\n'), `${name} is answered`);
          const [, answered] = /^HTTP\/1\.1 (\d+) /.exec(socket.received) ?? [];
          found.push([name, answered === undefined ? undefined : Number(answered)]);
          socket.close();
        }
        assert.deepEqual(
          found,
          requests.map(([name, , status]) => [name, status]),
        );
        assert.deepEqual(
          (await server.ledger.load()).clients.map(({ name }) => name),
          ['admin'],
        );
        await stillServes(server);
      }));

    it('is no fault of ours when it ends in the middle of a body', () =>
      run(async (server) => {
        const token = await makeHttpClient(server, { name: 'admin', may: 'operate' });
        for (const sent of [
          post(['content-length: 100'], '{"na'),
          post(['transfer-encoding: chunked'], '64\r\n{"na'),
        ]) {
          const socket = await open(server);
          socket.send(sent.replaceAll('TOKEN', token));
          await until(() => server.server.strangers === 0, 'its sender is known');
          socket.close();
          await socket.closed;
        }
        await stillServes(server);
      }));

    it('gets no more done by hundreds of requests at once than a client may have at once', () =>
      run(async (server) => {
        const token = await makeHttpClient(server, { name: 'reader' });
        const socket = await open(server);
        const one = `GET /api/v1/bans/203.0.113.7 HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`;
        socket.send(one);
        await until(() => socket.received.includes('whitelistedBy'), 'it is known');
        socket.send(one.repeat(300));
        const statuses = () => [...socket.received.matchAll(/HTTP\/1\.1 (\d+) /g)].map(([, status]) => status);
        // Over TLS, node:http itself ends a connection that sends more than it has room for.
        await until(() => statuses().length === 301 || !socket.isOpen, 'all are answered, or the connection is over');
        if (transport === 'plain') assert.equal(statuses().length, 301);
        assert.ok(statuses().every((status) => status === '200' || status === '429'));
        socket.close();
        await stillServes(server);
      }));

    it('costs a line in the log, however much a stranger sends before it is answered', () =>
      run(async (server) => {
        const socket = await open(server);
        socket.send(get('/api/v1/bans').repeat(1_000));
        await socket.closed;
        assert.equal(socket.received.match(/HTTP\/1\.1 401 /g)?.length, 1);
        assert.ok(server.logLines.filter(({ code }) => code === 'unauthenticated').length <= 1);
        await stillServes(server);
      }));

    it('gets no second life as a WebSocket', () =>
      run(async (server) => {
        const token = await makeHttpClient(server, { name: 'reader' });
        const upgrade = 'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n';
        const webSocket = `GET / HTTP/1.1\r\nhost: x\r\n${upgrade}sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: fail2networkban.v1\r\n\r\n`;
        const socket = await open(server);
        socket.send(`GET /api/v1/bans HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n\r\n`);
        await until(() => socket.received.includes('"next"'), 'it is answered');
        socket.send(webSocket);
        await socket.closed;
        assert.doesNotMatch(socket.received, / 101 /);
        await stillServes(server);
      }));

    it('from strangers is bounded in number and in time', () =>
      run(async (server) => {
        const slow: StrangerSocket[] = [];
        for (let count = 0; count < limits.strangersPerAddressMax; count += 1) {
          const socket = await open(server);
          socket.send('GET / HTTP/1.1\r\nhost: ');
          slow.push(socket);
        }
        const late = await StrangerSocket.open(server.server.port);
        await late.closed;
        server.clock.advance(limits.loginMaxMs);
        for (const socket of slow) await socket.closed;
        await until(() => server.server.strangers === 0, 'nobody is left');
        await stillServes(server);
      }));
  });
}
