import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointOf, nextHopOf } from '../../client/server-address.ts';
import { parseVia } from '../../client/via.ts';

test('a url leads to its host, without brackets, and to its port or that of its scheme', () => {
  assert.deepEqual(endpointOf({ url: 'wss://pve1:1514' }), { host: 'pve1', port: 1514 });
  assert.deepEqual(endpointOf({ url: 'wss://[2001:db8::1]' }), { host: '2001:db8::1', port: 443 });
  assert.deepEqual(endpointOf({ url: 'ws://127.0.0.1/x' }), { host: '127.0.0.1', port: 80 });
});

test('a host speaks to the ssh server where the way leads through one', () => {
  const url = 'wss://127.0.0.1:1514';
  assert.deepEqual(nextHopOf({ url }), { host: '127.0.0.1', port: 1514 });
  const via = parseVia('ssh -p 2222 f2nb@pve1', '/etc/fail2networkban');
  assert.ok(via !== undefined);
  assert.deepEqual(nextHopOf({ url, via }), { host: 'pve1', port: 2222 });
});
