import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withServer } from './running-server.ts';
import { network } from './samples.ts';

const identity = { certificate: { cert: '', key: '' }, pin: '0'.repeat(64) };

describe('a server whose configuration is read again', () => {
  it('refuses what the new whitelist covers', () =>
    withServer(async (server) => {
      server.server.reload({ ...server.settings, whitelist: [network('198.51.100.0/24')] }, undefined);
      assert.equal((await server.ask('ban', { network: '198.51.100.7' }))['code'], 'whitelisted');
      assert.equal((await server.ask('ban', { network: '203.0.113.7' }))['outcome'], 'recorded');
    }));

  it('tells hosts how they reach it now, without TLS until the restart that brings it', () =>
    withServer(async (server) => {
      server.server.reload(server.settings, identity);
      assert.match(String((await server.ask('client-add', { name: 'web1' }))['enrolment']), /&plaintext=yes$/);
    }));
});
