import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findInAgent } from '../../../client/doctor/agent-findings.ts';
import { findInFail2ban } from '../../../client/doctor/fail2ban-findings.ts';
import type { Finding, Level } from '../../../client/doctor/finding.ts';
import { readUnit } from '../../../client/doctor/gather-queue.ts';
import { findInQueue } from '../../../client/doctor/queue-findings.ts';
import { findInServer } from '../../../client/doctor/server-findings.ts';

const spool = '/var/spool/fail2networkban';
const unit = (properties: string) => readUnit(`LoadState=loaded\n${properties}`);
const queue = (properties: string) => findInQueue({ spool, mode: 0o700, unit: unit(properties) });
const place = { server: 'main', host: 'pve.example', port: 1514 } as const;
const welcome = { type: 'welcome', server: 'pve', may: ['ban', 'unban'], jails: ['ssh*'] } as const;
const status = { unreadableLines: 0, unreadableFile: '/x/unreadable.log' };

const cases: readonly [string, readonly Finding[], readonly Level[]][] = [
  ['fail2ban is down', findInFail2ban({ kind: 'silent', reason: 'no socket' }), ['broken']],
  [
    'no jail hands over',
    findInFail2ban({ kind: 'running', jails: [{ name: 'sshd', actions: ['nftables'] }] }),
    ['broken'],
  ],
  [
    'all is wired',
    findInFail2ban({ kind: 'running', jails: [{ name: 'sshd', actions: ['nftables', 'fail2networkban'] }] }),
    ['good'],
  ],
  [
    'the action is not last',
    findInFail2ban({ kind: 'running', jails: [{ name: 'sshd', actions: ['fail2networkban', 'nftables'] }] }),
    ['good', 'warning'],
  ],
  [
    'recidive has the action',
    findInFail2ban({ kind: 'running', jails: [{ name: 'recidive', actions: ['fail2networkban'] }] }),
    ['good', 'warning'],
  ],
  ['the spool is missing', findInQueue({ spool, mode: undefined, unit: unit('') }), ['broken']],
  ['the spool is open to all', findInQueue({ spool, mode: 0o777, unit: unit('ProtectSystem=no') }), ['broken', 'good']],
  ['the unit is Debian’s', queue('ProtectSystem=no'), ['good']],
  ['the unit is strict', queue('ProtectSystem=strict\nReadWritePaths=/run/fail2ban'), ['broken']],
  ['the unit is strict with a drop-in', queue(`ProtectSystem=strict\nReadWritePaths=-/var/spool/`), ['good']],
  ['the unit is full', queue('ProtectSystem=full'), ['good']],
  ['there is no systemd', findInQueue({ spool, mode: 0o700, unit: readUnit('') }), ['note']],
  ['the agent is down', findInAgent(undefined), ['broken']],
  ['lines were unreadable', findInAgent({ ...status, unreadableLines: 2, servers: [] }), ['good', 'warning']],
  [
    'events wait for long',
    findInAgent({ ...status, servers: [{ server: 'main', waiting: 9, oldestWaitingMs: 90_000 }] }),
    ['good', 'warning'],
  ],
  ['the name has no address', findInServer({ ...place, kind: 'no-name', reason: 'ENOTFOUND' }, []), ['broken']],
  ['the pin differs', findInServer({ ...place, kind: 'no-login', code: 'untrusted', reason: 'x' }, []), ['broken']],
  ['the server is reached', findInServer({ ...place, kind: 'reached', welcome, roundTripMs: 2 }, ['sshd']), ['good']],
  [
    'a jail is not permitted, and it is slow',
    findInServer({ ...place, kind: 'reached', welcome, roundTripMs: 900 }, ['nginx']),
    ['good', 'warning', 'warning'],
  ],
  [
    'unbanning is not permitted',
    findInServer({ ...place, kind: 'reached', welcome: { ...welcome, may: ['ban'] }, roundTripMs: 2 }, []),
    ['good', 'warning'],
  ],
];
for (const [name, findings, levels] of cases) {
  test(`finds what is so when ${name}, and says what to do`, () => {
    assert.deepEqual(
      findings.map(({ level }) => level),
      levels,
    );
    for (const { level, command } of findings) assert.ok(level !== 'broken' || command !== undefined);
  });
}
