import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAgent } from '../../../client/doctor/judge-agent.ts';
import { judgeFail2ban } from '../../../client/doctor/judge-fail2ban.ts';
import { judgeQueue } from '../../../client/doctor/judge-queue.ts';
import { judgeServer } from '../../../client/doctor/judge-server.ts';
import type { AgentFacts, NoAgent } from '../../../client/doctor/read-agent.ts';
import type { Fail2banFacts } from '../../../client/doctor/read-fail2ban.ts';
import { readUnit } from '../../../client/doctor/read-queue.ts';
import { agentService } from '../../../client/services.ts';
import type { Said } from '../../../shared/finding.ts';
import { findSupervisor } from '../../../shared/host/supervisor.ts';

const spool = '/var/spool/fail2networkban';
const unit = (properties: string) => readUnit(`LoadState=loaded\n${properties}`);
const queue = (properties: string) => judgeQueue({ spool, mode: 0o700, unit: unit(properties) });
const supervisor = findSupervisor('/nowhere');
const fail2banSaid = (facts: Fail2banFacts, peerJails: readonly string[]) =>
  judgeFail2ban(facts, peerJails, supervisor);
const agentSaid = (facts: AgentFacts | NoAgent) => judgeAgent(facts, supervisor, agentService('/etc/client.ini'));
const wants = (jails: readonly string[]) => ({ client: 'web1', verbs: ['ban', 'unban'] as const, jails });
const place = { server: 'main', host: 'pve.example', port: 1514 } as const;
const welcome = { type: 'welcome', server: 'pve', may: ['ban', 'unban'], jails: ['ssh*'] } as const;
const status = {
  unreadableLines: 0,
  unreadableFile: '/x/unreadable.log',
  failing: [],
  refusing: [],
  full: [],
  faults: [],
};

function waitingFor(code: string) {
  const postponement = { code, detail: 'not now', since: '2026-01-31T10:00:00.000Z' };
  return { server: 'main', waiting: 9, oldestWaitingMs: 90_000, postponement };
}

const cases: readonly [string, readonly Said[], readonly string[]][] = [
  ['fail2ban is down', fail2banSaid({ kind: 'silent', reason: 'no socket' }, []), ['broken fail2ban-silent']],
  [
    'no jail hands over',
    fail2banSaid({ kind: 'running', jails: [{ name: 'sshd', actions: ['nftables'] }] }, []),
    ['broken no-jail-wired'],
  ],
  [
    'all is wired',
    fail2banSaid({ kind: 'running', jails: [{ name: 'sshd', actions: ['nftables', 'fail2networkban'] }] }, []),
    ['good jails-wired'],
  ],
  [
    'the action is not last',
    fail2banSaid({ kind: 'running', jails: [{ name: 'sshd', actions: ['fail2networkban', 'nftables'] }] }, []),
    ['good jails-wired', 'warning action-not-last'],
  ],
  [
    'the peer jail is not wired, as it should be',
    fail2banSaid(
      {
        kind: 'running',
        jails: [
          { name: 'sshd', actions: ['fail2networkban'] },
          { name: 'peers', actions: ['nftables'] },
        ],
      },
      ['peers'],
    ),
    ['good jails-wired'],
  ],
  [
    'recidive has the action',
    fail2banSaid({ kind: 'running', jails: [{ name: 'recidive', actions: ['fail2networkban'] }] }, []),
    ['good jails-wired', 'warning bans-sent-twice'],
  ],
  [
    'the action has other names than its jails',
    fail2banSaid(
      {
        kind: 'running',
        jails: [
          { name: 'sshd', actions: ['fail2networkban-SSH'], aliases: ['SSH'] },
          { name: 'my jail', actions: ['fail2networkban'] },
        ],
      },
      [],
    ),
    ['good jails-wired'],
  ],
  [
    'two jails hand over under one name, and one under the name of another',
    fail2banSaid(
      {
        kind: 'running',
        jails: [
          { name: 'a', actions: ['fail2networkban-web'], aliases: ['web'] },
          { name: 'b', actions: ['fail2networkban-web'], aliases: ['web'] },
          { name: 'c', actions: ['fail2networkban-b'], aliases: ['b'] },
        ],
      },
      [],
    ),
    ['good jails-wired', 'warning action-name-shared', 'warning action-name-shared'],
  ],
  [
    'a name of a jail that the action cannot write, and a database in another container',
    fail2banSaid(
      {
        kind: 'running',
        hiddenDatabase: '/config/fail2ban.sqlite3',
        jails: [{ name: 'tag <ip>', actions: ['fail2networkban'] }],
      },
      [],
    ),
    ['good jails-wired', 'note fail2ban-database-hidden', 'warning jail-name-not-carried'],
  ],
  [
    'there is no fail2ban, and the host subscribes',
    fail2banSaid({ kind: 'absent', isSubscribed: true }, []),
    ['good fail2ban-not-wanted'],
  ],
  [
    'there is no fail2ban, and nothing else to do',
    fail2banSaid({ kind: 'absent', isSubscribed: false }, []),
    ['good fail2ban-not-wanted', 'warning blocks-nothing'],
  ],
  ['no fail2ban is to write to the spool', judgeQueue({ spool, mode: 0o700, unit: { kind: 'not-wanted' } }), []],
  ['the spool is missing', judgeQueue({ spool, mode: undefined, unit: unit('') }), ['broken queue-folder-absent']],
  [
    'the spool is open to all',
    judgeQueue({ spool, mode: 0o777, unit: unit('ProtectSystem=no') }),
    ['broken queue-open-to-others', 'good queue-writable'],
  ],
  ['the unit is Debian’s', queue('ProtectSystem=no'), ['good queue-writable']],
  ['the unit is strict', queue('ProtectSystem=strict\nReadWritePaths=/run/fail2ban'), ['broken queue-read-only']],
  [
    'the unit is strict with a drop-in',
    queue(`ProtectSystem=strict\nReadWritePaths=-/var/spool/`),
    ['good queue-writable'],
  ],
  ['the unit is full', queue('ProtectSystem=full'), ['good queue-writable']],
  ['there is no systemd', judgeQueue({ spool, mode: 0o700, unit: readUnit('') }), ['note queue-access-unknown']],
  ['the agent is down', agentSaid('not-running'), ['broken agent-not-running']],
  ['the agent is stopped', agentSaid('not-answering'), ['broken agent-not-answering']],
  [
    'lines were unreadable',
    agentSaid({ ...status, unreadableLines: 2, servers: [] }),
    ['good agent-runs', 'warning lines-unreadable'],
  ],
  [
    'events wait for long',
    agentSaid({ ...status, servers: [{ server: 'main', waiting: 9, oldestWaitingMs: 90_000 }] }),
    ['good agent-runs', 'warning events-late'],
  ],
  [
    'a server has no room for its record',
    agentSaid({ ...status, servers: [waitingFor('ledger-unavailable')] }),
    ['good agent-runs', 'broken server-takes-nothing'],
  ],
  [
    'a server slows this host down',
    agentSaid({ ...status, servers: [waitingFor('rate-limited')] }),
    ['good agent-runs', 'warning server-takes-nothing'],
  ],
  [
    'an enforcer fails',
    agentSaid({ ...status, servers: [], failing: [{ enforcer: 'nftables', reason: 'nft is missing' }] }),
    ['good agent-runs', 'broken enforcer-fails'],
  ],
  [
    'an enforcer refuses networks',
    agentSaid({ ...status, servers: [], refusing: [{ enforcer: 'command/x', reason: '1 network refused' }] }),
    ['good agent-runs', 'warning enforcer-refuses'],
  ],
  [
    'an enforcer has no room for all bans',
    agentSaid({ ...status, servers: [], full: [{ enforcer: 'nftables', reason: 'no room for 3 bans' }] }),
    ['good agent-runs', 'warning enforcer-full'],
  ],
  [
    'the name has no address',
    judgeServer({ ...place, kind: 'no-name', reason: 'ENOTFOUND' }, wants([])),
    ['broken no-address'],
  ],
  [
    'the pin differs',
    judgeServer({ ...place, kind: 'no-login', code: 'untrusted', reason: 'x' }, wants([])),
    ['broken untrusted'],
  ],
  [
    'the server is reached',
    judgeServer({ ...place, kind: 'reached', welcome, roundTripMs: 2 }, wants(['sshd'])),
    ['good connected'],
  ],
  [
    'a jail is not permitted, and it is slow',
    judgeServer({ ...place, kind: 'reached', welcome, roundTripMs: 900 }, wants(['nginx'])),
    ['good connected', 'warning slow', 'warning jail-not-permitted'],
  ],
  [
    'unbanning is not permitted',
    judgeServer({ ...place, kind: 'reached', welcome: { ...welcome, may: ['ban'] }, roundTripMs: 2 }, wants([])),
    ['good connected', 'warning verb-not-permitted'],
  ],
  [
    'a host that subscribes may not',
    judgeServer(
      { ...place, kind: 'reached', welcome, roundTripMs: 2 },
      { client: 'web1', verbs: ['subscribe'], jails: [] },
    ),
    ['good connected', 'warning subscribe-not-permitted'],
  ],
];
for (const [name, said, expected] of cases) {
  test(`finds what is so when ${name}, and says what to do`, () => {
    assert.deepEqual(
      said.map(({ level, code }) => `${level} ${code}`),
      expected,
    );
    for (const { level, command } of said) assert.ok(level !== 'broken' || command !== undefined);
  });
}
