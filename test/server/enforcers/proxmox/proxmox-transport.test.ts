import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { openApi } from '../../../../server/enforcers/proxmox/open-api.ts';
import { ProxmoxTransport } from '../../../../server/enforcers/proxmox/proxmox-transport.ts';
import type { Endpoint, Trust } from '../../../../server/outgoing/endpoint.ts';
import { type Clock, systemClock } from '../../../../shared/clock.ts';
import { describeError, EnforcerError } from '../../../../shared/errors.ts';
import { makeCertificates } from '../../../certificates.ts';
import type { EmulatedProxmox } from '../../../emulators/proxmox/emulated-proxmox.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { until } from '../../../until.ts';
import { startProxmox } from './emulated-ipset.ts';

const blacklist = '[IPSET blacklist]\n\n';

describe('ProxmoxTransport', () => {
  const signal = new AbortController().signal;
  let proxmox: EmulatedProxmox;
  const opened: ProxmoxTransport[] = [];

  before(async () => {
    proxmox = await startProxmox({ plainPort: 0 });
  });
  beforeEach(() => {
    for (const transport of opened.splice(0)) transport.close();
    proxmox.writeClusterFw(blacklist);
    proxmox.faults.clear();
    proxmox.log.clear();
  });
  after(async () => {
    for (const transport of opened) transport.close();
    await proxmox.close();
  });

  function open(endpoint: Endpoint, clock: Clock = systemClock, token = proxmox.token): ProxmoxTransport {
    const transport = new ProxmoxTransport({ endpoint, readToken: () => token, clock });
    opened.push(transport);
    return transport;
  }

  function trusting(trust: Trust): Endpoint {
    return { scheme: 'https', host: proxmox.host, port: proxmox.port, trust };
  }

  const byCa = (): Endpoint => trusting({ kind: 'ca', readPem: () => proxmox.caPem });

  async function add(transport: ProxmoxTransport, cidr: string): Promise<void> {
    await (await openApi(transport, signal)).cluster.firewall.ipset.$('blacklist').$post({ cidr });
  }

  async function failureOf(call: Promise<unknown>): Promise<EnforcerError> {
    const error: unknown = await call.then(
      () => assert.fail('no failure'),
      (cause: unknown) => cause,
    );
    assert.ok(error instanceof EnforcerError, inspect(error));
    return error;
  }

  describe('proof of the server', () => {
    const version = async (trust: Trust): Promise<unknown> =>
      (await openApi(open(trusting(trust)), signal)).version.$get();

    it('accepts one that the authority signed', async () => {
      assert.ok(await version({ kind: 'ca', readPem: () => proxmox.caPem }));
    });

    it('accepts one with the pinned certificate', async () => {
      assert.ok(await version({ kind: 'pin', sha256: proxmox.fingerprint256.replaceAll(':', '').toLowerCase() }));
    });

    it('sends nothing to one with another certificate, and shows the one it has', async () => {
      const error = await failureOf(version({ kind: 'pin', sha256: '0'.repeat(64) }));
      assert.equal(error.code, 'denied');
      assert.match(describeError(error), new RegExp(proxmox.fingerprint256.replaceAll(':', '').toLowerCase()));
      assert.deepEqual(proxmox.log.entries, []);
    });

    it("sends nothing to one that the host's authorities do not know", async () => {
      const error = await failureOf(version({ kind: 'system' }));
      assert.equal(error.code, 'denied');
      assert.match(describeError(error), /not trusted; check ca or pin/);
      assert.deepEqual(proxmox.log.entries, []);
    });

    it('sends nothing to one whose certificate is for another name', async () => {
      const dir = await mkdtemp(join(tmpdir(), 'f2nb-tls-'));
      const files = await makeCertificates(dir, { hosts: ['pve.example'] });
      const caPem = await readFile(files.caFile, 'utf8');
      let requests = 0;
      const server = createServer({ cert: await readFile(files.certFile), key: await readFile(files.keyFile) }, () => {
        requests += 1;
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const endpoint = { ...trusting({ kind: 'ca', readPem: () => caPem }), port };
      const error = await failureOf((await openApi(open(endpoint), signal)).version.$get());
      server.close();
      await rm(dir, { recursive: true });
      assert.equal(error.code, 'denied');
      assert.match(describeError(error), /127\.0\.0\.1 is not in the cert/);
      assert.equal(requests, 0);
    });
  });

  it('speaks plain HTTP to pvedaemon on the node itself', async () => {
    const port = Number(new URL(proxmox.plainUrl ?? '').port);
    await add(open({ scheme: 'http', host: '127.0.0.1', port }), '192.0.2.1');
    assert.deepEqual(
      proxmox.entriesOf('blacklist').map(({ cidr }) => cidr),
      ['192.0.2.1'],
    );
  });

  it('keeps the connection that Proxmox says it closes, and changes it before Proxmox does', async () => {
    const transport = open(byCa());
    for (let last = 0; last < 100; last += 1) await add(transport, `192.0.2.${last}`);
    assert.equal(proxmox.log.handshakes, 2);
    assert.equal(
      proxmox.log.entries.filter(({ connection }) => connection === proxmox.log.entries[0]?.connection).length,
      95,
    );
  });

  it('opens a new connection after a failure, and after being silent for 4 s', async () => {
    const clock = new ManualClock();
    const transport = open(byCa(), clock);
    await add(transport, '192.0.2.1');
    await failureOf(add(transport, '192.0.2.1'));
    await add(transport, '192.0.2.2');
    assert.equal(proxmox.log.handshakes, 2);
    clock.advance(3_999);
    await add(transport, '192.0.2.3');
    assert.equal(proxmox.log.handshakes, 2);
    clock.advance(4_000);
    await add(transport, '192.0.2.4');
    assert.equal(proxmox.log.handshakes, 3);
  });

  it('makes one call at a time, in their order', async () => {
    const transport = open(byCa());
    proxmox.faults.next({ kind: 'slow', delayMs: 20 });
    await Promise.all(['192.0.2.3', '192.0.2.1', '192.0.2.2'].map((cidr) => add(transport, cidr)));
    assert.equal(proxmox.log.connections, 1);
    assert.deepEqual(
      proxmox.log.entries.map(({ status }) => status),
      [200, 200, 200],
    );
  });

  for (const kind of ['connection-ends', 'connection-ends-after'] as const) {
    it(`sends once more on a new connection when one used before ends (${kind})`, async () => {
      const transport = open(byCa());
      await add(transport, '192.0.2.1');
      proxmox.faults.next({ kind });
      if (kind === 'connection-ends') await add(transport, '192.0.2.2');
      else assert.equal((await failureOf(add(transport, '192.0.2.2'))).code, 'rejected');
      assert.deepEqual(
        proxmox.entriesOf('blacklist').map(({ cidr }) => cidr),
        ['192.0.2.1', '192.0.2.2'],
      );
      assert.equal(proxmox.log.entries.length, 3);
    });
  }

  it('does not send again when a new connection ends: what became of the call is not known', async () => {
    proxmox.faults.next({ kind: 'connection-ends-after' });
    assert.equal((await failureOf(add(open(byCa()), '192.0.2.1'))).code, 'retry');
    assert.equal(proxmox.log.entries.length, 1);
  });

  it('does not send a third time', async () => {
    const transport = open(byCa());
    await add(transport, '192.0.2.1');
    proxmox.faults.next({ kind: 'connection-ends' }, { times: 2 });
    assert.equal((await failureOf(add(transport, '192.0.2.2'))).code, 'retry');
    assert.equal(proxmox.log.entries.length, 3);
  });

  it('gives up after 35 s, however far the answer has come', async () => {
    const clock = new ManualClock();
    proxmox.faults.next({ kind: 'hung-body' });
    const failure = failureOf(add(open(byCa(), clock), '192.0.2.1'));
    await until(() => proxmox.log.entries.length === 1, 'the head of the answer is out');
    clock.advance(35_000);
    const error = await failure;
    assert.equal(error.code, 'retry');
    assert.match(describeError(error), /no answer in 35 s/);
    assert.equal(clock.waiting, 0);
  });

  it('leaves no timer and no listener behind, after a success as after a failure', async () => {
    const clock = new ManualClock();
    const transport = open(byCa(), clock);
    await add(transport, '192.0.2.1');
    await failureOf(add(transport, '192.0.2.1'));
    assert.equal(clock.waiting, 0);
    assert.deepEqual(getEventListeners(signal, 'abort'), []);
  });

  it('ends a call that is aborted, and goes on with the next', async () => {
    const transport = open(byCa());
    const stop = new AbortController();
    proxmox.faults.next({ kind: 'hung-body' });
    const failure = failureOf((await openApi(transport, stop.signal)).version.$get());
    await until(() => proxmox.log.entries.length === 1, 'the head of the answer is out');
    stop.abort();
    await failure;
    await add(transport, '192.0.2.1');
  });

  it('says that nobody answers', async () => {
    const error = await failureOf(add(open({ scheme: 'http', host: '127.0.0.1', port: 1 }), '192.0.2.1'));
    assert.equal(error.code, 'retry');
    assert.match(describeError(error), /ECONNREFUSED/);
  });

  it('hears from plain HTTP on the TLS port that this is not the API', async () => {
    const error = await failureOf(
      (await openApi(open({ scheme: 'http', host: '127.0.0.1', port: proxmox.port }), signal)).version.$get(),
    );
    assert.equal(error.code, 'denied');
  });

  it('takes a new token with the next connection', async () => {
    let token = proxmox.tokenOf('f2nb@pve!expired');
    const transport = new ProxmoxTransport({ endpoint: byCa(), readToken: () => token, clock: systemClock });
    opened.push(transport);
    assert.equal((await failureOf(add(transport, '192.0.2.1'))).code, 'denied');
    token = proxmox.token;
    await add(transport, '192.0.2.1');
  });

  it('never sends a path that proxmox-api makes of an empty or crafted entry', async () => {
    const transport = open(byCa());
    await add(transport, '192.0.2.1');
    const entries = (await openApi(transport, signal)).cluster.firewall.ipset.$('blacklist');
    for (const crafted of ['', '?force=1', '192.0.2.1?force=1', '#', '..']) {
      await assert.rejects(entries.$(crafted).$delete(), /is not sent/);
    }
    assert.equal(proxmox.log.entries.length, 1);
    assert.equal(proxmox.entriesOf('blacklist').length, 1);
  });

  it('does not show the token when it is printed', async () => {
    const transport = open(byCa());
    await add(transport, '192.0.2.1');
    const shown = inspect(transport, { depth: 12, showHidden: true }) + JSON.stringify(transport);
    assert.ok(!shown.includes(proxmox.token.split('=')[1] ?? ''));
  });
});
