import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jailFrames, toEntry } from '../../client/jail-frames.ts';
import type { ListedBan } from '../../client/jails.ts';
import { limits } from '../../shared/limits.ts';
import type { Network } from '../../shared/network.ts';
import { network } from './networks.ts';

const nowMs = Date.UTC(2026, 9, 25, 12, 0, 0);
const all = { nowMs, isKnown: () => true };
const hourMs = 3_600_000;

/** A ban made so long ago, as fail2ban prints it in a zone so many hours east of UTC. */
function listed(agoMs: number, bantimeSeconds: number | null, zoneHours: number): ListedBan {
  return { bantimeSeconds, printedAt: nowMs - agoMs + zoneHours * hourMs };
}

test('sends a list in parts, without what an event was about meanwhile', () => {
  const list = new Map<Network, ListedBan>();
  for (let index = 0; index < limits.entriesPerPartMax + 1; index += 1) {
    list.set(network(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`), listed(0, 600, 0));
  }
  const look = { list, stored: undefined };
  assert.deepEqual(
    jailFrames('sshd', look, all).map(({ part, parts, entries }) => [part, parts, entries.length]),
    [
      [1, 2, limits.entriesPerPartMax],
      [2, 2, 1],
    ],
  );
  const isKnown = (each: Network): boolean => each !== '10.0.0.0';
  assert.equal(jailFrames('sshd', look, { nowMs, isKnown })[0]?.entries[0]?.[0], '10.0.0.1');
  const empty = { list: new Map(), stored: undefined };
  assert.deepEqual(jailFrames('sshd', empty, all), [{ type: 'jail', jail: 'sshd', part: 1, parts: 1, entries: [] }]);
});

test('takes the end of a ban from the database, which has no zone', () => {
  for (const zoneHours of [-12, -5, 0, 9, 14]) {
    const stored = { bannedAt: nowMs - 100_000, bantimeSeconds: 600 };
    const entry = toEntry(network('203.0.113.7'), listed(100_000, 600, zoneHours), stored, nowMs);
    assert.deepEqual(entry, ['203.0.113.7', 500]);
  }
});

test('never lets a ban end too early for its printed time alone, in any zone and at the end of summer time', () => {
  for (let zoneHours = -12; zoneHours <= 14; zoneHours += 0.25) {
    for (const [agoMs, bantimeSeconds] of [
      [0, 600],
      [300_000, 600],
      [30 * hourMs, 7 * 86_400],
      [2 * hourMs, 3 * 3_600],
    ] as const) {
      const [, ttlSeconds, bound] = toEntry(
        network('203.0.113.7'),
        listed(agoMs, bantimeSeconds, zoneHours),
        undefined,
        nowMs,
      );
      const left = bantimeSeconds - agoMs / 1_000;
      assert.equal(bound, 'at-most');
      assert.ok(ttlSeconds !== null && ttlSeconds >= left, `${zoneHours} h: ${ttlSeconds} of ${left}`);
      assert.ok(ttlSeconds <= Math.min(bantimeSeconds, left + 26 * 3_600), `${zoneHours} h: ${ttlSeconds}`);
    }
  }
});

test('lets stand what is listed though a clock says that it is over, or not yet begun', () => {
  for (const shiftMs of [-2 * hourMs, 2 * hourMs]) {
    const stored = { bannedAt: nowMs + shiftMs, bantimeSeconds: 600 };
    const entry = toEntry(network('203.0.113.7'), listed(-shiftMs, 600, 0), stored, nowMs);
    assert.deepEqual(entry, ['203.0.113.7', 600, 'at-most']);
  }
});

test('sends a permanent ban as one', () => {
  assert.deepEqual(toEntry(network('203.0.113.7'), listed(0, null, 0), undefined, nowMs), ['203.0.113.7', null]);
});
