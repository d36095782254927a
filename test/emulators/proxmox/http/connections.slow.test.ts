import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { RawClient, requestOnce } from '../raw-client.ts';
import { startTemporaryProxmox } from '../temporary-proxmox.ts';

const LIST = '[IPSET blacklist]\n\n';
const SET = '/api2/json/cluster/firewall/ipset/blacklist';
const VERSION = '/api2/json/version';

describe('connections', () => {
  it('stay open after good answers, though a write says both close and Keep-Alive', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST });
    const { token } = emulated;
    const client = await RawClient.connect(emulated);
    t.after(() => client.close());
    const write = await client.request({ method: 'POST', path: SET, token, body: 'cidr=203.0.113.1' });
    assert.deepEqual(connectionHeaders(write.headers), ['close', 'Keep-Alive']);
    const readOne = await client.request({ method: 'GET', path: `${SET}/203.0.113.1`, token });
    assert.deepEqual(connectionHeaders(readOne.headers), ['close', 'Keep-Alive']);
    const readAll = await client.request({ method: 'GET', path: SET, token });
    assert.deepEqual(connectionHeaders(readAll.headers), ['Keep-Alive']);
    assert.equal(client.isClosed, false);
    assert.deepEqual(
      emulated.log.entries.map(({ method, status, newConnection }) => [method, status, newConnection]),
      [
        ['POST', 200, true],
        ['GET', 200, false],
        ['GET', 200, false],
      ],
    );
    assert.deepEqual([emulated.log.handshakes, emulated.log.reads, emulated.log.writes], [1, 2, 1]);
  });

  it("are given up by Node's own agent after a write, because it obeys the close", async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST });
    const agent = new Agent({ keepAlive: true, ca: emulated.caPem });
    t.after(() => agent.destroy());
    for (const address of ['203.0.113.1', '203.0.113.2', '203.0.113.3']) {
      const request = httpsRequest(`${emulated.url}${SET}`, {
        agent,
        method: 'POST',
        headers: { Authorization: `PVEAPIToken=${emulated.token}`, 'Content-Length': `cidr=${address}`.length },
      });
      request.end(`cidr=${address}`);
      const response: IncomingMessage = (await once(request, 'response'))[0];
      response.resume();
      await once(response, 'end');
    }
    assert.equal(emulated.log.handshakes, 3);
  });

  it('end at 100 requests', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    const client = await RawClient.connect(emulated);
    for (let count = 1; count < 100; count += 1) {
      const { headers } = await client.request({ method: 'GET', path: VERSION, token: emulated.token });
      assert.deepEqual(connectionHeaders(headers), ['Keep-Alive'], `request ${count}`);
    }
    const last = await client.request({ method: 'GET', path: VERSION, token: emulated.token });
    assert.deepEqual(connectionHeaders(last.headers), ['close']);
    await client.closed();
  });

  it('end after every answer of 400 or more', async (t) => {
    const emulated = await startTemporaryProxmox(t, { delays: { unauthorizedMs: 1 } });
    for (const [path, status] of [
      [SET, 500],
      ['/api2/json/nosuch', 501],
    ] as const) {
      const client = await RawClient.connect(emulated);
      const answer = await client.request({ method: 'GET', path, token: emulated.token });
      assert.deepEqual([answer.status, connectionHeaders(answer.headers)], [status, ['close']]);
      await client.closed();
    }
    const client = await RawClient.connect(emulated);
    const refused = await client.request({ method: 'GET', path: VERSION });
    assert.deepEqual(
      [refused.status, refused.reason, refused.body, refused.headers.map(([name]) => name)],
      [401, 'No ticket', '', ['Cache-Control', 'Connection', 'Date', 'Pragma', 'Server', 'Expires']],
    );
    await client.closed();
  });

  it('end when the client wishes', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    const client = await RawClient.connect(emulated);
    const headers = { Connection: 'close' };
    const answer = await client.request({ method: 'GET', path: VERSION, token: emulated.token, headers });
    assert.deepEqual(connectionHeaders(answer.headers), ['close']);
    await client.closed();
  });

  it('end when idle, after an answer, before the first request and before TLS', async (t) => {
    const emulated = await startTemporaryProxmox(t, { delays: { idleMs: 2_000 } });
    const used = await RawClient.connect(emulated);
    await used.request({ method: 'GET', path: VERSION, token: emulated.token });
    const unused = await RawClient.connect(emulated);
    const silent = connect(emulated.port, emulated.host);
    await Promise.all([used.closed(), unused.closed(), once(silent, 'close')]);
  });

  it('are all ended by close(), with whatever still waits', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    emulated.conditions.lockHeldUntil = Number.POSITIVE_INFINITY;
    const client = await RawClient.connect(emulated);
    const pending = client.request({ method: 'POST', path: SET, token: emulated.token, body: 'cidr=203.0.113.1' });
    const outcome = assert.rejects(pending, /ended without a complete answer/);
    const idle = await RawClient.connect(emulated);
    await emulated.close();
    await outcome;
    await idle.closed();
  });
});

describe('the HTTP layer', () => {
  it('sends plain HTTP to https', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    for (const [method, status] of [
      ['GET', 301],
      ['POST', 308],
    ] as const) {
      const answer = await requestOnce(emulated, { method, path: VERSION }, false);
      assert.equal(answer.status, status);
      const location = answer.headers.find(([name]) => name === 'Location');
      assert.deepEqual(location, ['Location', `${emulated.url}${VERSION}`]);
    }
  });

  it('refuses bodies that the real server refuses', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST });
    const { token } = emulated;
    const post = { method: 'POST', path: SET, token, body: 'cidr=203.0.113.1' };
    const cases = [
      [{ ...post, chunked: true }, '501 chunked transfer encoding not supported'],
      [{ ...post, method: 'DELETE' }, "501 Unexpected content for method 'DELETE'"],
      [{ ...post, method: 'PATCH' }, "501 method 'PATCH' not available"],
      [{ ...post, body: 'x'.repeat(512 * 1024 + 1) }, '501 for data too large'],
      [{ ...post, headers: { 'Content-Type': 'text/plain' } }, "506 upload 'Content-Type 'text/plain' not implemented"],
      [{ ...post, path: '/api2/nosuch/version', method: 'GET' }, "501 Unexpected content for method 'GET'"],
    ] as const;
    for (const [request, expected] of cases) {
      const answer = await requestOnce(emulated, request);
      assert.equal(`${answer.status} ${answer.reason}`, expected);
    }
    assert.equal(emulated.readClusterFw(), LIST);
  });

  it('takes 64 header lines and 8 KiB, and no more', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    const many = Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`X-${index}`, 'x']));
    for (const headers of [many, { 'X-Long': 'x'.repeat(9000) }]) {
      const answer = await requestOnce(emulated, { method: 'GET', path: VERSION, token: emulated.token, headers });
      assert.equal(answer.status, 501);
    }
  });

  it('answers in extjs with 200 whatever happened', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST });
    const path = '/api2/extjs/cluster/firewall/ipset/blacklist/203.0.113.1';
    const { status, body } = await requestOnce(emulated, { method: 'GET', path, token: emulated.token });
    assert.equal(status, 200);
    assert.deepEqual(JSON.parse(body), {
      data: null,
      success: 0,
      status: '400',
      message: 'Parameter verification failed.\n',
      errors: { cidr: 'no such IP/Network' },
    });
  });

  it('packs long answers when asked', async (t) => {
    const entries = Array.from({ length: 100 }, (_, index) => `203.0.113.${index}`).join('\n');
    const emulated = await startTemporaryProxmox(t, { clusterFw: `${LIST}${entries}\n` });
    const response = await new Promise<{ encoding: unknown; body: Buffer }>((resolve, reject) => {
      const headers = { Authorization: `PVEAPIToken=${emulated.token}`, 'Accept-Encoding': 'gzip' };
      const request = httpsRequest(`${emulated.url}${SET}`, { ca: emulated.caPem, headers }, (message) => {
        const chunks: Buffer[] = [];
        message.on('data', (chunk: Buffer) => chunks.push(chunk));
        message.on('end', () =>
          resolve({ encoding: message.headers['content-encoding'], body: Buffer.concat(chunks) }),
        );
      });
      request.on('error', reject);
      request.end();
    });
    assert.equal(response.encoding, 'gzip');
    const parsed: { data: unknown[] } = JSON.parse(gunzipSync(response.body).toString());
    assert.equal(parsed.data.length, 100);
  });

  it('answers on the plain port as pvedaemon does, and keeps the connection', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST, plainPort: 0 });
    assert(emulated.plainUrl !== undefined);
    const response = await fetch(`${emulated.plainUrl}${SET}`, {
      method: 'POST',
      headers: { Authorization: `PVEAPIToken=${emulated.token}` },
      body: new URLSearchParams({ cidr: '203.0.113.1' }),
    });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('connection'), 'Keep-Alive');
    assert.deepEqual(emulated.entriesOf('blacklist'), [{ cidr: '203.0.113.1' }]);
  });
});

function connectionHeaders(headers: readonly (readonly [string, string])[]): string[] {
  return headers.filter(([name]) => name === 'Connection').map(([, value]) => value);
}
