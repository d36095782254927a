import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HeldEntry } from '../../shared/enforcer.ts';
import { HeldEntries } from '../../shared/held-entries.ts';
import { entry, network } from '../contracts/reconciler-bench.ts';

function held(spelling: string, owner: HeldEntry['owner'] = 'ours'): HeldEntry {
  return { network: network(spelling), spelling, owner };
}

describe('HeldEntries', () => {
  it('counts each spelling, by owner', () => {
    const entries = new HeldEntries([held('2001:DB8::1', 'theirs'), held('2001:db8::1'), held('192.0.2.1')]);
    assert.deepEqual(entries.counts(), { ours: 2, theirs: 1 });
    assert.equal(entries.byNetwork.size, 2);
  });

  it('finds what blocks a network: itself first, else the narrowest around it', () => {
    const entries = new HeldEntries([held('192.0.0.0/16'), held('192.0.2.0/24', 'theirs'), held('192.0.2.1')]);
    assert.equal(entries.holderOf(network('192.0.2.1'))?.spelling, '192.0.2.1');
    assert.equal(entries.holderOf(network('192.0.2.9'))?.spelling, '192.0.2.0/24');
    assert.equal(entries.holderOf(network('192.0.3.0/24'))?.spelling, '192.0.0.0/16');
    assert.equal(entries.holderOf(network('192.0.0.0/15')), undefined);
    assert.equal(entries.holderOf(network('2001:db8::1')), undefined);
  });

  it('takes what an exception undoes for open: its own network, and wider entries inside of it', () => {
    const exception = (spelling: string): HeldEntry => ({ ...held(spelling, 'theirs'), isException: true });
    const entries = new HeldEntries([
      ...[held('192.0.2.0/24'), held('192.0.2.17'), held('198.51.100.7')],
      ...[exception('192.0.2.16/28'), exception('198.51.100.7'), exception('203.0.113.0/24')],
    ]);
    const holder = (text: string) => entries.holderOf(network(text))?.spelling;
    const asked = ['192.0.2.1', '192.0.2.16', '192.0.2.17', '192.0.2.16/28', '198.51.100.7', '203.0.113.1'];
    assert.deepEqual(asked.map(holder), ['192.0.2.0/24', undefined, '192.0.2.17', undefined, undefined, undefined]);
    assert.deepEqual(entries.counts(), { ours: 3, theirs: 0 });
    assert.equal(entries.exceptionOf(network('192.0.2.17'))?.spelling, '192.0.2.16/28');
  });

  it('remembers what was added and removed', () => {
    const entries = new HeldEntries([]);
    entries.remember({ verb: 'add', entry: entry('192.0.2.1') });
    assert.deepEqual(entries.counts(), { ours: 1, theirs: 0 });
    entries.remember({ verb: 'remove', entry: held('192.0.2.1') });
    entries.remember({ verb: 'remove', entry: held('192.0.2.1') });
    assert.equal(entries.byNetwork.size, 0);
  });

  it('takes a list that names one network very often in no time', () => {
    const line = held('203.0.113.7');
    assert.equal(new HeldEntries(Array<HeldEntry>(200_000).fill(line)).counts().ours, 200_000);
  });

  it('keeps the other spellings of a network when one goes', () => {
    const entries = new HeldEntries([held('2001:DB8::1', 'theirs'), held('2001:db8::1')]);
    entries.remember({ verb: 'remove', entry: held('2001:db8::1') });
    assert.deepEqual(entries.counts(), { ours: 0, theirs: 1 });
  });
});
