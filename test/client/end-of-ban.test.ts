import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfBan } from '../../client/end-of-ban.ts';
import { toBanEvent } from '../../client/to-ban-event.ts';
import { limits } from '../../shared/limits.ts';
import { parseNetwork } from '../../shared/network.ts';

const now = Date.UTC(2026, 10, 21);

test('ends a ban when fail2ban itself ends it: its time after the failure', () => {
  for (const isFresh of [true, false]) {
    assert.equal(endOfBan(600, now - 30_000, { nowMs: now, isFresh }), now + 570_000);
  }
  assert.equal(endOfBan(600, now - 3_600_000, { nowMs: now, isFresh: false }), now - 3_000_000);
});

test('counts from now when the time of the failure cannot be one of this clock', () => {
  assert.equal(endOfBan(600, 0, { nowMs: now, isFresh: false }), now + 600_000);
  assert.equal(endOfBan(600, now + 3_600_000, { nowMs: now, isFresh: false }), now + 600_000);
  for (const hours of [-1, 1, -14, 12]) {
    assert.equal(endOfBan(600, now + hours * 3_600_000, { nowMs: now, isFresh: true }), now + 600_000);
  }
});

test('never ends a permanent ban', () => {
  assert.equal(endOfBan(null, now, { nowMs: now, isFresh: true }), null);
});

const network = parseNetwork('203.0.113.7');
assert.ok(network !== undefined);
const event = {
  stream: 'stream-1',
  number: 7,
  verb: 'ban',
  jail: 'sshd',
  network,
  source: 'jail',
  acceptedAt: now,
} as const;

test('sends the seconds that are left at the moment of sending, rounded up', () => {
  assert.equal(toBanEvent({ ...event, endsAt: now + 570_000 }, now + 10_001).ttlSeconds, 560);
  assert.equal(toBanEvent({ ...event, endsAt: now + 1 }, now).ttlSeconds, 1);
  assert.equal(toBanEvent({ ...event, endsAt: null }, now).ttlSeconds, null);
  assert.equal(toBanEvent({ ...event, endsAt: Number.MAX_SAFE_INTEGER }, now).ttlSeconds, limits.ttlMaxSeconds);
});

test('sends a ban that is over as an unban, which also ends a longer one sent before', () => {
  assert.equal(toBanEvent({ ...event, endsAt: now }, now).verb, 'unban');
});
