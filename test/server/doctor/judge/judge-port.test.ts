import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PortFacts } from '../../../../server/doctor/facts/read-port.ts';
import { judgePort } from '../../../../server/doctor/judge/judge-port.ts';

describe('the port', () => {
  const free: PortFacts = { kind: 'free', port: 1514 };
  const taken: PortFacts = { kind: 'taken', port: 1514, by: 'nginx (pid 312)' };
  const cases: readonly (readonly [PortFacts, boolean, readonly string[]])[] = [
    [free, false, []],
    [free, true, ['port-not-open']],
    [taken, false, ['port-taken']],
    [taken, true, []],
    [{ kind: 'any' }, true, []],
    [{ kind: 'unreadable', reason: 'ss is not on this host' }, true, ['port-unreadable']],
  ];
  for (const [facts, isRunning, expected] of cases) {
    it(`that is ${facts.kind} while the server ${isRunning ? 'runs' : 'does not run'}: ${expected.join() || 'well'}`, () => {
      assert.deepEqual(
        judgePort(facts, isRunning).map(({ code }) => code),
        expected,
      );
    });
  }
});
