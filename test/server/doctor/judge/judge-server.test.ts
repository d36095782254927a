import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FirewallState, RunningServer, ServerFacts } from '../../../../server/doctor/facts/read-running-server.ts';
import { judgeEnforcement, judgeServer } from '../../../../server/doctor/judge/judge-server.ts';
import { type Said, spellOut } from '../../../../server/doctor/judge/said.ts';

const good: RunningServer = {
  kind: 'running',
  version: '1.0.0',
  uptimeSeconds: 1,
  marks: ['k3x9'],
  isPaused: false,
  recordFailure: undefined,
  unwritten: undefined,
  losses: [],
  disputedClock: undefined,
  sources: [],
  firewalls: [],
  untold: [],
  clients: [],
  whitelist: [],
  whitelistNames: [],
  sharedRefusals: [],
  bans: [],
};

describe('the server', () => {
  const cases: readonly (readonly [string, ServerFacts, readonly string[]])[] = [
    ['that is well', good, []],
    ['that does not run', { kind: 'not-running' }, ['broken not-running']],
    ['that does not answer', { kind: 'silent', reason: 'EACCES' }, ['warning server-unreadable']],
    ['that is paused', { ...good, isPaused: true }, ['broken paused']],
    [
      'whose record is not written',
      { ...good, recordFailure: { reason: 'disk is full', forSeconds: 90 } },
      ['broken record-not-written'],
    ],
    [
      'that cannot tell others what happens',
      { ...good, untold: [{ name: 'webhook/chat', reason: 'it answers with the status 500', forSeconds: 90 }] },
      ['warning notifications-fail'],
    ],
    [
      'whose ledger has lost something',
      { ...good, losses: [{ about: 'record', text: 'lost: change 8', holdsBack: true }] },
      ['broken ledger-loss'],
    ],
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
  const well: FirewallState = {
    name: 'proxmox/main',
    failure: undefined,
    leftOut: 0,
    shortOf: 'entries',
    refused: 0,
    firstRefused: [],
    unremoved: 0,
    firstUnremoved: [],
    strays: [],
  };
  const failure = { reason: '401', forSeconds: 3_700, isDenied: true };
  const cases: readonly (readonly [string, FirewallState, readonly string[]])[] = [
    ['that is well', well, []],
    ['that the server does not get through to', { ...well, failure }, ['broken firewall-fails']],
    [
      'that does not block what it should',
      { ...well, refused: 2, firstRefused: [{ network: '192.0.2.1', reason: 'it is not there' }] },
      ['warning bans-refused'],
    ],
    [
      'that still blocks what it should not',
      { ...well, unremoved: 2, firstUnremoved: [{ network: '192.0.2.1', reason: 'exit code 119' }] },
      ['warning unbans-refused'],
    ],
    ['that has no room for bans', { ...well, leftOut: 7 }, ['warning bans-left-out']],
    [
      'with entries of a ledger that is not seen at work',
      { ...well, strays: [{ id: 'p7q2', isOwn: false, isAlive: false, entries: 426 }] },
      ['warning stray-entries'],
    ],
    [
      'beside another server',
      { ...well, strays: [{ id: 'p7q2', isOwn: false, isAlive: true, entries: 426 }] },
      ['note stray-entries'],
    ],
    ['with both', { ...well, failure, leftOut: 7 }, ['broken firewall-fails', 'warning bans-left-out']],
  ];
  for (const [name, facts, expected] of cases) {
    it(`${name}: ${expected.join() || 'nothing'}`, () => {
      assert.deepEqual(
        judgeEnforcement(facts, true).map(({ level, code }) => `${level} ${code}`),
        expected,
      );
    });
  }

  it('with one entry of its own ledger says what it may be, and not to leave it to a second server', () => {
    const strays = [{ id: 'k3x9', isOwn: true, isAlive: false, entries: 1 }];
    const [said] = judgeEnforcement({ ...well, strays }, true);
    assert.match(said?.fact ?? '', /^1 entry of this ledger \(k3x9\) of which it knows nothing/);
    assert.match(commandOf(said), /adopt k3x9, .*clear k3x9, .*stop one of two servers/);
    assert.doesNotMatch(commandOf(said), /nothing, when/);
  });

  it('without room says of what, and proposes what makes room', () => {
    const said = (shortOf: FirewallState['shortOf']) => judgeEnforcement({ ...well, leftOut: 7, shortOf }, true)[0];
    assert.match(commandOf(said('entries')), /^raise max_entries/);
    assert.match(said('bytes')?.fact ?? '', /takes no more bytes$/);
    assert.doesNotMatch(commandOf(said('bytes')), /max_entries/);
  });

  it('that fails says for how long, at what, and what helps', () => {
    const commandFor = (isDenied: boolean, isOpenToDoctor: boolean | undefined) => {
      const [said] = judgeEnforcement({ ...well, failure: { ...failure, isDenied } }, isOpenToDoctor);
      assert.equal(said?.fact, 'the server has not got through for 1h 1m, at the last try: 401');
      return commandOf(said) || 'none';
    };
    assert.match(commandFor(true, true), /^restart it; /);
    assert.match(commandFor(false, true), /^fail2networkban-server reconcile tries again at once/);
    for (const isDenied of [true, false]) {
      assert.equal(commandFor(isDenied, false), 'none', "the doctor's own finding says it");
      assert.match(commandFor(isDenied, undefined), /^mend what the last try ended with/);
    }
  });
});

function commandOf(said: Said | undefined): string {
  const words = { start: 'start it', restart: 'restart it', status: 'look at it' };
  return (said && spellOut(said, words).command) ?? '';
}
