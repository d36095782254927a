import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTemporaryProxmox } from '../temporary-proxmox.ts';
import { isSameText, parseElided, restoreText } from './elided-text.ts';
import { replay } from './replay.ts';
import type { Transcript } from './transcript.ts';

const FILE = '[OPTIONS]\n\nenable: 1\npolicy_in: DROP\n\n[IPSET blacklist]\n\n';
const OTHER_ORDER = '[OPTIONS]\n\npolicy_in: DROP\nenable: 1\n\n[IPSET blacklist]\n\n';
const HEADERS: Transcript['response']['headers'] = [
  ['Connection', 'close'],
  ['Connection', 'Keep-Alive'],
  ['Server', 'pve-api-daemon/3.0'],
  ['Content-Length', '13'],
  ['Content-Type', 'application/json;charset=UTF-8'],
];
const ADD: Transcript = {
  name: 'add',
  request: {
    method: 'POST',
    path: '/api2/json/cluster/firewall/ipset/blacklist',
    body: 'cidr=203.0.113.1',
    content_type: 'application/x-www-form-urlencoded',
    token: 'f2nb@pve!ban',
  },
  response: { status: 200, reason: 'OK', headers: HEADERS, body: '{"data":null}' },
  cluster_fw_before: FILE,
  cluster_fw_after: `${OTHER_ORDER}203.0.113.1\n\n`,
};

describe('replay', () => {
  it('finds nothing in a record that is answered identically, whatever the order of options', async (t) => {
    assert.deepEqual(await replay(ADD, await startTemporaryProxmox(t)), []);
  });

  it('finds every part that differs', async (t) => {
    const emulated = await startTemporaryProxmox(t);
    const response = { status: 201, reason: 'Created', headers: HEADERS.slice(1), body: '{"data":1}' };
    const differences = await replay({ ...ADD, response, cluster_fw_after: FILE }, emulated);
    assert.deepEqual(
      differences.map((difference) => difference.split(':')[0]),
      ['status', 'reason', 'headers', 'body', 'cluster.fw'],
    );
  });

  it('starts each record from its own file, or from none', async (t) => {
    const emulated = await startTemporaryProxmox(t, { clusterFw: FILE });
    const body = '{"message":"no such IPSet \'blacklist\'\\n","data":null}';
    const headers = HEADERS.filter(([, value]) => value !== 'Keep-Alive');
    const response = { status: 500, reason: "no such IPSet 'blacklist'", headers, body };
    assert.deepEqual(await replay({ ...ADD, response, cluster_fw_before: null, cluster_fw_after: null }, emulated), []);
  });
});

describe('elided texts', () => {
  it('are restored where they are a run of one character', () => {
    assert.equal(restoreText('a=cc...[8 characters]'), 'a=cccccc');
    assert.equal(restoreText('whole'), 'whole');
  });

  it('are restored where their lines count addresses, with the end of the section', () => {
    const lines = Array.from({ length: 300 }, (_, index) => `10.0.${index >> 8}.${index & 255} # c`);
    const text = `[IPSET blacklist]\n\n${lines.join('\n')}\n\n`;
    assert.equal(restoreText(`${text.slice(0, 600)}...[${text.length} characters]`), text);
  });

  it('are not guessed otherwise', () => {
    assert.throws(() => restoreText('one\ntwo\nthree...[100 characters]'), /cannot restore/);
  });

  it('are compared by beginning and length', () => {
    assert.deepEqual(parseElided('ab...[5 characters]'), { beginning: 'ab', length: 5 });
    assert.equal(isSameText('ab...[5 characters]', 'abxyz'), true);
    assert.equal(isSameText('ab...[5 characters]', 'abxy'), false);
    assert.equal(isSameText('ab...[5 characters]', null), false);
    assert.equal(isSameText(null, null), true);
  });
});
