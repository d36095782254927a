import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Whitelist } from '../../../server/policy/whitelist.ts';
import { makeEntry, network } from '../samples.ts';

describe('a whitelist', () => {
  it('holds the configured networks and the timed ones', () => {
    const whitelist = new Whitelist([network('192.0.2.0/24')], [makeEntry('198.51.100.1')]);
    assert.equal(whitelist.overlapping(network('192.0.2.9')), '192.0.2.0/24');
    assert.equal(whitelist.overlapping(network('198.51.100.0/24')), '198.51.100.1');
    assert.equal(whitelist.overlapping(network('203.0.113.1')), undefined);
  });

  it('follows what is committed', () => {
    const whitelist = new Whitelist([], []);
    const entry = makeEntry('198.51.100.1', { endsAt: 5_000 });
    whitelist.apply([{ kind: 'allowed', entry, actor: 'operator' }]);
    assert.equal(whitelist.overlapping(entry.network), entry.network);
    whitelist.apply([{ kind: 'allowed', entry: { ...entry, endsAt: 9_000 }, actor: 'operator' }]);
    assert.deepEqual(whitelist.due(5_000), []);
    assert.deepEqual(whitelist.due(9_000), [{ ...entry, endsAt: 9_000 }]);
    whitelist.apply([{ kind: 'disallowed', network: entry.network, actor: 'server', reason: 'expired' }]);
    assert.equal(whitelist.overlapping(entry.network), undefined);
  });

  it('keeps a configured network when a timed entry of the same network ends', () => {
    const whitelist = new Whitelist([network('192.0.2.1')], [makeEntry('192.0.2.1', { endsAt: 5_000 })]);
    whitelist.apply([{ kind: 'disallowed', network: network('192.0.2.1'), actor: 'server', reason: 'expired' }]);
    assert.equal(whitelist.overlapping(network('192.0.2.1')), '192.0.2.1');
  });

  it('takes a new configuration in place of the old and keeps the timed entries', () => {
    const whitelist = new Whitelist([network('192.0.2.0/24')], [makeEntry('198.51.100.1')]);
    whitelist.configure([network('203.0.113.0/24')]);
    assert.equal(whitelist.overlapping(network('192.0.2.9')), undefined);
    assert.equal(whitelist.overlapping(network('203.0.113.9')), '203.0.113.0/24');
    assert.equal(whitelist.overlapping(network('198.51.100.1')), '198.51.100.1');
  });
});
