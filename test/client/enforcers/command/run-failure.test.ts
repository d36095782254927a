import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureOf } from '../../../../client/enforcers/command/run-failure.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { runProgram } from '../../../../shared/host/run-program.ts';

const timeoutMs = 60_000;

/** Scripts that say nothing of the network that they are called for. */
const accidents: readonly (readonly [what: string, script: string])[] = [
  ['a syntax error', 'if then'],
  ['an unset variable', 'set -u; echo "$nothing"'],
  ['wrong use of a builtin', 'cd /nowhere/at/all'],
  ['wrong use of a tool', 'sort --no-such-option'],
  ['a program that is not there', 'no-such-program'],
  ['a file that is no program', '/etc/passwd'],
  ['a program that ends by a signal', 'sh -c "kill -PIPE $$"'],
  ['a time limit', 'timeout 0.01 sleep 60'],
  ['a failure passed on by xargs', 'echo x | xargs false'],
];

describe('what the end of a command asks for', () => {
  it('is never this network only for the one code that is set aside for it', () => {
    const codes = Array.from({ length: 256 }, (_, code) => code);
    const answers = codes.map((code) => failureOf({ end: { kind: 'exit', code }, output: '' }, timeoutMs)?.code);
    const expected = new Map([
      [0, undefined],
      [78, 'denied'],
      [119, 'rejected'],
    ]);
    assert.deepEqual(
      answers,
      codes.map((code) => (expected.has(code) ? expected.get(code) : 'retry')),
    );
  });

  for (const [what, script] of accidents) {
    it(`is another try after ${what}`, async () => {
      const run = { argv: ['/bin/sh', '-c', script], input: '', user: undefined, timeoutMs } as const;
      const result = await runProgram(run, systemClock, new AbortController().signal);
      assert.equal(failureOf(result, timeoutMs)?.code, 'retry');
    });
  }
});
