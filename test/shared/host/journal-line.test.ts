import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { journalLine } from '../../../shared/host/journal-line.ts';

const always = { time: 1_796_126_928_627, pid: 50, hostname: 'web1', name: 'fail2networkban' };

function sentence(entry: object): string {
  return journalLine(`${JSON.stringify({ ...always, ...entry })}\n`, 'auto');
}

describe('a line for the journal', () => {
  const cases: readonly (readonly [entry: object, line: string])[] = [
    [{ level: 30, msg: 'stopping' }, '<6>stopping'],
    [{ level: 20, msg: 'compared', held: 3, drift: 0 }, '<7>compared: held 3, drift 0'],
    [
      { level: 40, server: 'main', code: 'unreachable', nextTryMs: 1_907, msg: 'not connected' },
      '<4>not connected: server main, code unreachable, next try 2s',
    ],
    [{ level: 30, network: '203.0.113.7', tookMs: 16.9, msg: 'ban' }, '<6>ban: network 203.0.113.7, took 17 ms'],
    [
      { level: 50, names: ['a', 'b'], none: [], nothing: null, jails: { ssh: 'sshd' }, msg: 'x' },
      '<3>x: names a b, none none, nothing none, jails (ssh sshd)',
    ],
    [{ level: 60, msg: 'the end' }, '<2>the end'],
    [{ level: 40, reason: 'a\n<0>forged\r\n\u0000\u2028b', msg: 'x' }, '<4>x: reason a <0>forged b'],
  ];
  for (const [entry, line] of cases) {
    it(`is ${line}`, () => assert.equal(sentence(entry), `${line}\n`));
  }

  it('stays JSON when that is asked for, behind its priority', () => {
    const json = `${JSON.stringify({ level: 40, ...always, msg: 'refused' })}\n`;
    assert.equal(journalLine(json, 'json'), `<4>${json}`);
  });
});
