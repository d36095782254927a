import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ClientState, RunningServer } from '../../../../server/doctor/facts/read-running-server.ts';
import { judgeClients } from '../../../../server/doctor/judge/judge-clients.ts';

const hourMs = 3_600_000;
const nowMs = Date.UTC(2026, 0, 10);

function running(uptimeHours: number, ...clients: readonly ClientState[]): RunningServer {
  return {
    kind: 'running',
    version: '',
    uptimeSeconds: uptimeHours * 3_600,
    marks: ['k3x9'],
    isPaused: false,
    recordFailure: undefined,
    unwritten: undefined,
    losses: [],
    disputedClock: undefined,
    firewalls: [],
    sources: [],
    whitelist: [],
    whitelistNames: [],
    sharedRefusals: [],
    bans: [],
    untold: [],
    clients,
  };
}

/** Hours ago: last seen, enrolled. */
function client(seenHours: number | undefined, addedHours: number): ClientState {
  return {
    name: 'web1',
    addedAtMs: nowMs - addedHours * hourMs,
    hasToken: false,
    connections: [],
    lastSeenMs: seenHours === undefined ? undefined : nowMs - seenHours * hourMs,
  };
}

describe('clients', () => {
  const cases: readonly (readonly [string, RunningServer, RegExp | undefined])[] = [
    ['that are connected are well', running(100, client(0, 200)), undefined],
    ['seen 23 hours ago are well', running(100, client(23, 200)), undefined],
    ['seen 25 hours ago are silent', running(100, client(25, 200)), /web1 \(last seen 1d 1h ago\)/],
    ['not seen by a server of an hour are not known', running(1, client(undefined, 200)), undefined],
    [
      'not seen by a server of two days are silent',
      running(48, client(undefined, 200)),
      /not seen since the server started, 2d ago/,
    ],
    ['enrolled an hour ago may still come', running(48, client(undefined, 1)), undefined],
    ['enrolled two days ago and never seen are silent', running(72, client(undefined, 48)), /web1 \(never seen\)/],
    ['are missing before the first is enrolled', running(1), /no host is enrolled/],
  ];
  for (const [name, server, expected] of cases) {
    it(name, () => {
      const facts = judgeClients(server, nowMs).map(({ fact }) => fact);
      if (expected === undefined) assert.deepEqual(facts, []);
      else assert.match(facts.join(), expected);
    });
  }

  it('that ask by HTTP are no hosts whose bans do not arrive', () => {
    const token = { ...client(25, 200), name: 'edge', hasToken: true };
    const said = judgeClients(running(100, client(26, 200), token), nowMs);
    assert.deepEqual(
      said.map(({ level, code, fact }) => [level, code, fact]),
      [
        ['warning', 'silent-clients', 'silent for more than a day: web1 (last seen 1d 2h ago)'],
        ['note', 'silent-tokens', 'tokens that nobody has used for more than a day: edge (last seen 1d 1h ago)'],
      ],
    );
  });

  it('are named up to ten', () => {
    const clients = Array.from({ length: 12 }, (_, index) => ({ ...client(25, 200), name: `web${index}` }));
    assert.match(judgeClients(running(100, ...clients), nowMs)[0]?.fact ?? '', /web9 \([^)]+\) and 2 more$/);
  });
});
