import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { familyOf, parseNetwork } from '../../../../shared/network.ts';
import { withServer } from '../../running-server.ts';
import { askHttp } from '../ask-http.ts';
import { banAll, linesOf, makeReader } from './blocklist-under-test.ts';
import { readRouterScript } from './router-script.ts';

const bans = [
  { network: '203.0.113.7', seconds: 1 },
  { network: '203.0.113.64/26', seconds: 93_784 },
  { network: '203.0.113.65', seconds: 3_153_600_000 },
  { network: '2001:db8::1', seconds: 86_400 },
  { network: '2001:db8:1::/48' },
];
const networks = bans.map(({ network }) => network);

/** As an alias of the kind URL Table reads a list: the first word of each line, what begins with # or // left out. */
function readAsAlias(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^(#|\/\/)/.test(line));
  return lines.map((line) => line.split(/[\s,;|#]+/)[0] ?? '').filter((word) => word !== '');
}

describe('a reader', () => {
  it('of the kind of an OPNsense alias finds networks in the text and nothing to look up by name', () =>
    withServer(async (server) => {
      await banAll(server, bans);
      const token = await makeReader(server);
      const { text } = await askHttp(server, 'GET /blocklist.txt', { token });
      assert.deepEqual(readAsAlias(text), networks);
      for (const word of readAsAlias(text)) assert.ok(parseNetwork(word) !== undefined);
      await server.ask('panic');
      const paused = await askHttp(server, 'GET /blocklist.txt', { token });
      assert.deepEqual(readAsAlias(paused.text), []);
    }));

  it('of CSV finds as many cells in each line as in the first', () =>
    withServer(async (server) => {
      await banAll(server, bans);
      const token = await makeReader(server);
      const lines = linesOf(await askHttp(server, 'GET /blocklist.csv', { token }));
      const cells = lines.map((line) => line.split(','));
      assert.deepEqual(new Set(cells.map(({ length }) => length)), new Set([4]));
      assert.equal(cells.find(([network]) => network === '203.0.113.65')?.[1], '2125-12-08T00:00:00Z');
    }));

  it('of the kind of RouterOS empties its list of each family, then fills it, with times that it takes', () =>
    withServer(async (server) => {
      await banAll(server, bans);
      const token = await makeReader(server);
      const { text } = await askHttp(server, 'GET /blocklist.rsc?list=banned', { token });
      const steps = readRouterScript(text);
      assert.deepEqual(
        steps.map((step) => ('menu' in step ? `${step.does} ${step.menu} ${step.list}` : step.does)),
        [
          'empty ip banned',
          ...Array(3).fill('add ip banned'),
          'empty ipv6 banned',
          ...Array(2).fill('add ipv6 banned'),
          'log',
        ],
      );
      const added = steps.flatMap((step) => (step.does === 'add' ? step : []));
      assert.deepEqual(
        added.map(({ address }) => address),
        networks,
      );
      for (const { address, menu } of added) {
        const network = parseNetwork(address);
        assert.ok(network !== undefined && familyOf(network) === (menu === 'ip' ? 4 : 6));
      }
      // 35w3d13h13m56s is the longest that RouterOS takes.
      assert.deepEqual(
        added.map(({ timeoutSeconds }) => timeoutSeconds),
        [1, 93_784, 21_474_836, 86_400, 21_474_836],
      );
    }));

  it('of a family that has no entries has its set or list emptied', () =>
    withServer(async (server) => {
      const token = await makeReader(server);
      const { text: nft } = await askHttp(server, 'GET /blocklist.nft', { token });
      assert.deepEqual(linesOf({ text: nft }), [
        'flush set inet blocklist banned4',
        'flush set inet blocklist banned6',
      ]);
      const { text: rsc } = await askHttp(server, 'GET /blocklist.rsc', { token });
      assert.deepEqual(
        readRouterScript(rsc).map(({ does }) => does),
        ['empty', 'empty', 'log'],
      );
    }));

  it('who asks for no more than the head gets what stands above the whole', () =>
    withServer(async (server) => {
      await banAll(server, bans);
      const token = await makeReader(server);
      const whole = await askHttp(server, 'GET /blocklist.txt', { token });
      const head = await askHttp(server, 'HEAD /blocklist.txt', { token });
      assert.deepEqual([head.status, head.text], [200, '']);
      for (const name of ['etag', 'content-length', 'content-type'])
        assert.equal(head.headers.get(name), whole.headers.get(name));
    }));
});
