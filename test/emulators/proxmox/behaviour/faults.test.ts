import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { until } from '../../../until.ts';
import type { EmulatedProxmox } from '../emulated-proxmox.ts';
import { RawClient, type RawRequest, requestOnce } from '../raw-client.ts';
import { startTemporaryProxmox } from '../temporary-proxmox.ts';
import type { FaultKind } from './faults.ts';

const LIST = '[IPSET blacklist]\n\n203.0.113.1\n\n';
const SET = '/api2/json/cluster/firewall/ipset/blacklist';

/** What a write suffers: the answer (undefined when the connection ends without one), and whether it is in the file. */
const ANSWERS: readonly {
  readonly kind: FaultKind;
  readonly answer: string | undefined;
  readonly carriedOut: boolean;
}[] = [
  { kind: '595', answer: '595 Connection refused', carriedOut: false },
  { kind: '596-carried-out', answer: '596 Connection timed out', carriedOut: true },
  { kind: '596-dropped', answer: '596 Broken pipe', carriedOut: false },
  {
    kind: 'lock-timeout',
    answer: "500 cfs-lock 'firewall-cluster' error: got lock request timeout",
    carriedOut: false,
  },
  { kind: 'no-quorum', answer: "500 cfs-lock 'firewall-cluster' error: no quorum!", carriedOut: false },
  { kind: 'unauthorized', answer: '401 Authentication failed!', carriedOut: false },
  { kind: 'connection-ends', answer: undefined, carriedOut: false },
  { kind: 'connection-ends-after', answer: undefined, carriedOut: true },
  { kind: 'truncated-json', answer: '200 OK', carriedOut: true },
  { kind: 'slow', answer: '200 OK', carriedOut: true },
];

describe('faults', () => {
  for (const { kind, answer, carriedOut } of ANSWERS) {
    it(`${kind}: ${answer ?? 'no answer'}, ${carriedOut ? 'carried out' : 'not carried out'}, once`, async (t) => {
      const emulated = await start(t);
      emulated.faults.next({ kind, delayMs: 1 });
      const outcome = requestOnce(emulated, write(emulated, '203.0.113.2'));
      if (answer === undefined) await assert.rejects(outcome, /ended without a complete answer/);
      else assert.equal(await outcome.then(({ status, reason }) => `${status} ${reason}`), answer);
      assert.equal(hasEntry(emulated, '203.0.113.2'), carriedOut);
      assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.3'))).status, 200);
      assert.equal(emulated.log.entries[0]?.status, answer === undefined ? undefined : Number(answer.slice(0, 3)));
    });
  }

  it('hung-body: the answer begins and never ends', async (t) => {
    const emulated = await start(t);
    emulated.faults.next({ kind: 'hung-body' });
    const client = await RawClient.connect(emulated);
    const pending = client.request({ method: 'GET', path: SET, token: emulated.token });
    const outcome = assert.rejects(pending, /ended without a complete answer/);
    await until(() => emulated.log.entries.length === 1, 'the head of the answer is out');
    assert.equal(emulated.log.entries[0]?.status, 200);
    assert.equal(client.isClosed, false);
    client.close();
    await outcome;
  });

  it('truncated-json: a whole answer with half of the JSON', async (t) => {
    const emulated = await start(t);
    emulated.faults.next({ kind: 'truncated-json' });
    const { body } = await requestOnce(emulated, { method: 'GET', path: SET, token: emulated.token });
    assert.match(body, /^\{"data":\[/);
    assert.throws(() => JSON.parse(body), SyntaxError);
  });

  it('596-carried-out can be carried out after its answer', async (t) => {
    const emulated = await start(t);
    emulated.faults.next({ kind: '596-carried-out', delayMs: 1, carriedOutAfterMs: 30 });
    assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.2'))).status, 596);
    assert.equal(hasEntry(emulated, '203.0.113.2'), false);
    await until(() => hasEntry(emulated, '203.0.113.2'), 'it is carried out');
  });

  it('hit only the requests that they are for, and as often as asked', async (t) => {
    const emulated = await start(t);
    emulated.faults.next({ kind: '595' }, { method: 'POST', path: /blacklist$/, times: 2 });
    assert.equal((await requestOnce(emulated, { method: 'GET', path: SET, token: emulated.token })).status, 200);
    assert.equal(emulated.faults.pending, 2);
    const statuses = [];
    for (const address of ['203.0.113.2', '203.0.113.3', '203.0.113.4']) {
      statuses.push((await requestOnce(emulated, write(emulated, address))).status);
    }
    assert.deepEqual(statuses, [595, 595, 200]);
    emulated.faults.next({ kind: '595' });
    emulated.faults.clear();
    assert.equal(emulated.faults.pending, 0);
  });
});

describe('conditions', () => {
  it('a stopped pvedaemon answers 595 to writes and to reading one entry, not to lists', async (t) => {
    const emulated = await start(t);
    emulated.conditions.daemon = 'stopped';
    assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.2'))).status, 595);
    const { token } = emulated;
    assert.equal((await requestOnce(emulated, { method: 'GET', path: `${SET}/203.0.113.1`, token })).status, 595);
    assert.equal((await requestOnce(emulated, { method: 'GET', path: SET, token })).status, 200);
    emulated.conditions.daemon = 'running';
    assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.2'))).status, 200);
  });

  it('a blocked pvedaemon carries out later what was answered 596', async (t) => {
    const emulated = await start(t);
    emulated.conditions.daemon = 'hanging';
    assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.2'))).status, 596);
    assert.equal(hasEntry(emulated, '203.0.113.2'), false);
    emulated.conditions.daemon = 'running';
    await until(() => hasEntry(emulated, '203.0.113.2'), 'it is carried out');
  });

  it('without quorum writes fail and reads work', async (t) => {
    const emulated = await start(t);
    emulated.conditions.quorate = false;
    assert.match((await requestOnce(emulated, write(emulated, '203.0.113.2'))).reason, /no quorum!$/);
    assert.equal((await requestOnce(emulated, { method: 'GET', path: SET, token: emulated.token })).status, 200);
    emulated.conditions.quorate = true;
    assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.2'))).status, 200);
  });

  it('without pmxcfs nothing works', async (t) => {
    const emulated = await start(t);
    emulated.conditions.clusterFilesystemRunning = false;
    const { status, reason } = await requestOnce(emulated, { method: 'GET', path: SET, token: emulated.token });
    assert.equal(status, 500);
    assert.match(reason, /^RPCEnvironment init request failed/);
  });

  it('a revoked token is refused until it is back', async (t) => {
    const emulated = await start(t);
    emulated.revokedTokens.add('f2nb@pve!server');
    assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.2'))).status, 401);
    emulated.revokedTokens.clear();
    assert.equal((await requestOnce(emulated, write(emulated, '203.0.113.2'))).status, 200);
  });
});

async function start(test: TestContext): Promise<EmulatedProxmox> {
  const delays = { unauthorizedMs: 1, lockTimeoutMs: 20, daemonTimeoutMs: 20, clusterFilesystemMs: 1 };
  return await startTemporaryProxmox(test, { clusterFw: LIST, delays });
}

function write({ token }: EmulatedProxmox, address: string): RawRequest {
  return { method: 'POST', path: SET, token, body: `cidr=${address}` };
}

function hasEntry(emulated: EmulatedProxmox, address: string): boolean {
  return emulated.entriesOf('blacklist').some(({ cidr }) => cidr === address);
}
