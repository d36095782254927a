import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunningServer, ServerFacts } from '../../../../server/doctor/facts/read-running-server.ts';
import { judgeServer } from '../../../../server/doctor/judge/judge-server.ts';

const good: RunningServer = {
  kind: 'running',
  version: '1.0.0',
  uptimeSeconds: 1,
  isPaused: false,
  firewalls: [{ name: 'proxmox/main', failure: undefined, leftOut: 0 }],
  clients: [],
  whitelist: [],
  bans: [],
};

describe('the server', () => {
  const cases: readonly (readonly [string, ServerFacts, readonly string[]])[] = [
    ['that is well', good, []],
    ['that does not run', { kind: 'not-running' }, ['broken server not-running']],
    ['that does not answer', { kind: 'silent', reason: 'EACCES' }, ['warning server server-unreadable']],
    ['that is paused', { ...good, isPaused: true }, ['broken server paused']],
    ['of another version', { ...good, version: '0.9.0' }, ['warning server version-not-in-use']],
    [
      'that does not get through to a firewall',
      { ...good, firewalls: [{ name: 'proxmox/main', failure: '401', leftOut: 0 }] },
      ['broken proxmox/main firewall-fails'],
    ],
    [
      'that has no room for bans',
      { ...good, firewalls: [{ name: 'proxmox/main', failure: undefined, leftOut: 7 }] },
      ['warning proxmox/main bans-left-out'],
    ],
  ];
  for (const [name, facts, expected] of cases) {
    it(`${name}: ${expected.join() || 'nothing'}`, () => {
      assert.deepEqual(
        judgeServer(facts, '1.0.0').map(({ level, subject, code }) => `${level} ${subject} ${code}`),
        expected,
      );
    });
  }
});
