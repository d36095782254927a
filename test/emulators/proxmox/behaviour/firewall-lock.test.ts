import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RawClient, type RawRequest, requestOnce } from '../raw-client.ts';
import { startTemporaryProxmox } from '../temporary-proxmox.ts';

const LIST = '[IPSET blacklist]\n\n203.0.113.1\n\n';
const SET = '/api2/json/cluster/firewall/ipset/blacklist';

describe('the lock', () => {
  it('held by somebody else makes writers fail after the time limit', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST, delays: { lockTimeoutMs: 40, lockPollMs: 5 } });
    emulated.conditions.lockHeldUntil = Number.POSITIVE_INFINITY;
    const { status, reason } = await requestOnce(emulated, write(emulated.token, '203.0.113.2'));
    assert.equal(`${status} ${reason}`, "500 cfs-lock 'firewall-cluster' error: got lock request timeout");
    assert((emulated.log.entries[0]?.tookMs ?? 0) >= 38);
    assert.equal(emulated.readClusterFw(), LIST);
  });

  it('that comes free in time lets the writer go on', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST, delays: { lockPollMs: 5 } });
    emulated.conditions.lockHeldUntil = Number.POSITIVE_INFINITY;
    const writing = requestOnce(emulated, write(emulated.token, '203.0.113.2'));
    const { status } = await requestOnce(emulated, { method: 'GET', path: SET, token: emulated.token });
    assert.deepEqual([status, emulated.log.entries.length, emulated.readClusterFw()], [200, 1, LIST]);
    emulated.conditions.lockHeldUntil = 0;
    assert.equal((await writing).status, 200);
  });

  it('lets one writer in at a time and starves nobody for ever', async (t) => {
    const cost = { writeMs: 10, writePerEntryMs: 0, readMs: 0, readPerEntryMs: 0 };
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST, costModel: cost, delays: { lockPollMs: 3 } });
    const addresses = Array.from({ length: 6 }, (_, index) => `203.0.113.${index + 10}`);
    const answers = await Promise.all(
      addresses.map((address) => requestOnce(emulated, write(emulated.token, address))),
    );
    assert.deepEqual(
      answers.map(({ status }) => status),
      addresses.map(() => 200),
    );
    assert.equal(emulated.entriesOf('blacklist').length, 7);
    const { entries } = emulated.log;
    const firstAt = Math.min(...entries.map(({ atMs }) => atMs));
    const lastAt = Math.max(...entries.map(({ atMs, tookMs }) => atMs + tookMs));
    assert(lastAt - firstAt >= 50, `six writes of 10 ms under one lock within ${lastAt - firstAt} ms`);
  });

  it('is not needed for reading', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST });
    emulated.conditions.lockHeldUntil = Number.POSITIVE_INFINITY;
    assert.equal((await requestOnce(emulated, { method: 'GET', path: SET, token: emulated.token })).status, 200);
  });
});

describe('the cost model', () => {
  it('makes a write take its fixed part and its part for each entry, one after the other', async (t) => {
    const entries = Array.from({ length: 500 }, (_, index) => `10.0.${index >> 8}.${index & 255}`).join('\n');
    const emulated = await startTemporaryProxmox(t, { clusterFw: `[IPSET blacklist]\n${entries}\n`, costModel: true });
    const client = await RawClient.connect(emulated);
    t.after(() => client.close());
    for (let index = 0; index < 10; index += 1) {
      assert.equal((await client.request(write(emulated.token, `203.0.113.${index}`))).status, 200);
    }
    const total = emulated.log.entries.reduce((sum, { tookMs }) => sum + tookMs, 0);
    // 10 × (8 ms + 500 × 20 µs); the last wait may be one millisecond short.
    assert(total >= 178, `ten writes took ${total} ms`);
  });

  it('is off unless asked for', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: LIST });
    const client = await RawClient.connect(emulated);
    t.after(() => client.close());
    for (let index = 0; index < 10; index += 1) await client.request(write(emulated.token, `203.0.113.${index + 5}`));
    assert(Math.min(...emulated.log.entries.map(({ tookMs }) => tookMs)) < 8);
  });
});

function write(token: string, address: string): RawRequest {
  return { method: 'POST', path: SET, token, body: `cidr=${address}` };
}
