import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judgeConnections } from '../../../../server/doctor/judge/judge-connections.ts';

const nowMs = Date.UTC(2026, 0, 10);

/** Connections as `192.0.2.1 90`: from where, and for how many seconds. */
function judge(...connections: readonly string[]) {
  const client = { name: 'web1', lastSeenMs: nowMs, addedAtMs: 0, hasToken: false };
  const read = connections.map((text) => {
    const [address = '', seconds] = text.split(' ');
    return { address, sinceMs: nowMs - Number(seconds) * 1_000 };
  });
  return judgeConnections({ clients: [{ ...client, connections: read }] }, nowMs);
}

describe('the connections of a host', () => {
  for (const [what, connections] of [
    ['none', []],
    ['one', ['192.0.2.1 90']],
    ['one beside commands and one that broke off', ['192.0.2.1 900', '192.0.2.1 30', '192.0.2.1 2']],
    ['one beside that of the address before, not yet missed', ['192.0.2.1 900', '192.0.2.2 30']],
  ] as const) {
    it(`are as they should be: ${what}`, () => assert.deepEqual(judge(...connections), []));
  }

  for (const [what, connections, fact] of [
    [
      'two addresses for long',
      ['192.0.2.1 90', '192.0.2.2 60'],
      'web1 is connected from 2 addresses (192.0.2.1, 192.0.2.2), with 2 connections',
    ],
    [
      'more than it needs, however new they are',
      ['192.0.2.1 1', '192.0.2.1 1', '192.0.2.1 1', '192.0.2.1 0'],
      'web1 is connected from 1 address (192.0.2.1), with 4 connections',
    ],
  ] as const) {
    it(`are told: ${what}`, () => {
      const [said, ...more] = judge(...connections);
      assert.deepEqual([said?.level, said?.code, said?.fact, more], ['warning', 'client-connected-often', fact, []]);
      assert.match(said?.command ?? '', /client rotate web1 --overlap 0s/);
    });
  }
});
