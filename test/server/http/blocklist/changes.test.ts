import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { blocklistLimits } from '../../../../server/http/blocklist/blocklist-limits.ts';
import { type RunningServer, withServer } from '../../running-server.ts';
import { askHttp, makeHttpClient } from '../ask-http.ts';
import { banAll, linesOf, makeReader } from './blocklist-under-test.ts';

const address = '203.0.113.7';

/** What a reader of `/blocklist.txt` is to block. */
async function listed(server: RunningServer, token: string): Promise<string[]> {
  const answer = await askHttp(server, 'GET /blocklist.txt', { token });
  assert.equal(answer.status, 200);
  assert.notEqual(answer.text, '');
  return linesOf(answer);
}

describe('a blocklist follows', () => {
  it('each ban, unban and end at once, although copies are kept', () =>
    withServer(async (server) => {
      const token = await makeReader(server);
      assert.deepEqual(await listed(server, token), []);
      await banAll(server, [{ network: address }, { network: '203.0.113.8', seconds: 60 }]);
      assert.deepEqual(await listed(server, token), [address, '203.0.113.8']);
      await server.ask('unban', { network: address });
      assert.deepEqual(await listed(server, token), ['203.0.113.8']);
      server.clock.set(60_000);
      assert.deepEqual(await listed(server, token), [], 'also before its end is recorded');
    }));

  it('the whitelist, at run time and of the configuration', () =>
    withServer(async (server) => {
      const token = await makeReader(server);
      await banAll(server, [{ network: address }, { network: '203.0.113.64/26' }, { network: '2002:cb00:7107::1' }]);
      const { whitelist } = server.settings;
      const [more] = (await server.ledger.load()).reports.map(({ network }) => network);
      assert.ok(more !== undefined);
      server.server.reload({ ...server.settings, whitelist: [...whitelist, more] }, undefined);
      assert.deepEqual(await listed(server, token), ['203.0.113.64/26'], 'in its IPv6 clothes neither');
      server.server.reload(server.settings, undefined);
      assert.equal((await listed(server, token)).length, 3);
      await server.ask('allow-add', { network: '203.0.113.65' });
      assert.equal((await listed(server, token)).includes('203.0.113.64/26'), false);
    }));

  it('panic: nothing is to be blocked, which it says, and all of it again after it', () =>
    withServer(async (server) => {
      const token = await makeReader(server);
      await banAll(server, [{ network: address }]);
      assert.deepEqual(await listed(server, token), [address]);
      await server.ask('panic');
      const paused = await askHttp(server, 'GET /blocklist.txt', { token });
      assert.equal(paused.text, '# fail2networkban: paused by the operator, so nothing is to be blocked\n');
      const { text } = await askHttp(server, 'GET /blocklist.nft?family=4', { token });
      assert.match(text, /^# .*paused.*\nflush set inet blocklist banned4\n$/);
      const { json } = await askHttp(server, 'GET /blocklist.json', { token });
      assert.deepEqual(json, { paused: true, count: 0, entries: [] });
      await server.ask('resume');
      assert.deepEqual(await listed(server, token), [address]);
    }));
});

describe('a reader that has the list already', () => {
  it('is told so as long as it is the same, whatever else happens', () =>
    withServer(async (server) => {
      const token = await makeReader(server, { follows: 'sshd' });
      await banAll(server, [{ network: address, seconds: 600 }]);
      for (const format of ['txt', 'json', 'csv', 'nft', 'ipset', 'rsc']) {
        const first = await askHttp(server, `GET /blocklist.${format}`, { token });
        const tag = first.headers.get('etag') ?? '';
        const again = () =>
          askHttp(server, `GET /blocklist.${format}`, { token, headers: { 'if-none-match': `"x", ${tag}` } });
        assert.match(tag, /^(W\/)?"[A-Za-z0-9_-]{22}"$/);
        await banAll(server, [{ network: '203.0.113.99', client: 'web2', jail: 'nginx' }]);
        const same = await again();
        assert.deepEqual([same.status, same.text, same.headers.get('etag')], [304, '', tag], format);
        await banAll(server, [{ network: '203.0.113.8', client: 'web3' }]);
        const changed = await again();
        assert.equal(changed.status, 200);
        assert.notEqual(changed.headers.get('etag'), tag);
        await server.ask('unban', { network: '203.0.113.8' });
        await server.ask('unban', { network: '203.0.113.99' });
      }
    }));

  it('has seconds in it that are no older than they may be', () =>
    withServer(async (server) => {
      const token = await makeReader(server);
      await banAll(server, [{ network: address, seconds: 600 }]);
      const timeout = async () =>
        /^add .* timeout ([0-9]+)/m.exec((await askHttp(server, 'GET /blocklist.ipset', { token })).text)?.[1];
      assert.equal(await timeout(), '600');
      server.clock.advance(blocklistLimits.secondsCopyMaxMs - 1);
      assert.equal(await timeout(), '600', 'a copy');
      server.clock.advance(1);
      assert.equal(await timeout(), '590');
    }));
});

describe('copies', () => {
  it('never cross from one reader to another that is shown something else', () =>
    withServer(async (server) => {
      await banAll(server, [
        { network: '203.0.113.6', jail: 'nginx-http' },
        { network: '203.0.113.7', client: 'web2' },
      ]);
      const all = await makeReader(server, { name: 'all' });
      const nginx = await makeReader(server, { name: 'nginx', follows: 'nginx-*' });
      const own = await makeHttpClient(server, { name: 'own', may: 'ban,subscribe', follows: 'other' });
      for (let round = 0; round < 2; round += 1) {
        assert.deepEqual(await listed(server, all), ['203.0.113.6', '203.0.113.7']);
        assert.deepEqual(await listed(server, nginx), ['203.0.113.6']);
        assert.deepEqual(await listed(server, own), []);
      }
      const { status } = await askHttp(server, 'PUT /api/v1/bans/203.0.113.9', { token: own });
      assert.equal(status, 200);
      assert.deepEqual(await listed(server, own), ['203.0.113.9']);
      await server.ask('client-set', { name: 'nginx', follows: 'sshd' });
      assert.deepEqual(await listed(server, nginx), ['203.0.113.7']);
    }));

  it('are shared by those who ask at once', () =>
    withServer(async (server) => {
      await banAll(server, [{ network: address }]);
      const token = await makeReader(server);
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => askHttp(server, 'GET /blocklist.txt', { token })),
      );
      assert.deepEqual(new Set(answers.map((answer) => linesOf(answer).join())), new Set([address]));
    }));
});
