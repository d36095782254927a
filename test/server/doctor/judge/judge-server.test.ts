import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FirewallState, RunningServer, ServerFacts } from '../../../../server/doctor/facts/read-running-server.ts';
import { judgeEnforcement, judgeServer } from '../../../../server/doctor/judge/judge-server.ts';

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
    ['that does not run', { kind: 'not-running' }, ['broken not-running']],
    ['that does not answer', { kind: 'silent', reason: 'EACCES' }, ['warning server-unreadable']],
    ['that is paused', { ...good, isPaused: true }, ['broken paused']],
    ['of another version', { ...good, version: '0.9.0' }, ['warning version-not-in-use']],
  ];
  for (const [name, facts, expected] of cases) {
    it(`${name}: ${expected.join() || 'nothing'}`, () => {
      assert.deepEqual(
        judgeServer(facts, '1.0.0').map(({ level, code }) => `${level} ${code}`),
        expected,
      );
    });
  }
});

describe('a firewall of the server', () => {
  const well: FirewallState = { name: 'proxmox/main', failure: undefined, leftOut: 0 };
  const cases: readonly (readonly [string, FirewallState, readonly string[]])[] = [
    ['that is well', well, []],
    ['that the server does not get through to', { ...well, failure: '401' }, ['broken firewall-fails']],
    ['that has no room for bans', { ...well, leftOut: 7 }, ['warning bans-left-out']],
    ['with both', { ...well, failure: '401', leftOut: 7 }, ['broken firewall-fails', 'warning bans-left-out']],
  ];
  for (const [name, facts, expected] of cases) {
    it(`${name}: ${expected.join() || 'nothing'}`, () => {
      assert.deepEqual(
        judgeEnforcement(facts).map(({ level, code }) => `${level} ${code}`),
        expected,
      );
    });
  }
});
