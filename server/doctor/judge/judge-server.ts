import { formatDuration } from '../../../shared/duration.ts';
import { hearMaxMs } from '../../../shared/host/local-socket.ts';
import { formatInstant } from '../../../shared/instant.ts';
import { plural } from '../../../shared/plural.ts';
import { describeStrays } from '../../enforcers/ownership/stray-entries.ts';
import type {
  DeniableFailure,
  FirewallState,
  RefusedNetworkText,
  RunningServer,
  ServerFacts,
  StrayFacts,
} from '../facts/read-running-server.ts';
import { judgeLosses } from './judge-losses.ts';
import type { Said } from './said.ts';

/** @param version of this program: an upgrade takes effect with a restart */
export function judgeServer(facts: ServerFacts, version: string): readonly Said[] {
  switch (facts.kind) {
    case 'not-running':
      return [notRunning];
    case 'silent':
      return [silent(facts.reason)];
    case 'not-answering':
      return [facts.holder?.isStopped === true ? stopped(facts.holder.pid) : notAnswering];
    case 'running':
      return [
        ...judgePause(facts),
        ...judgeRecord(facts),
        ...judgeLosses(facts),
        ...judgeUnwritten(facts),
        ...judgeClock(facts),
        ...judgeNotifications(facts),
        ...judgeVersion(facts, version),
      ];
  }
}

const notRunning: Said = {
  level: 'broken',
  code: 'not-running',
  fact: 'the server does not run',
  consequence: 'no new ban takes effect; the hosts keep theirs until it does',
  command: ({ start, status }) => `${start}; ${status}`,
};

function stopped(pid: number): Said {
  return {
    level: 'broken',
    code: 'server-stopped',
    fact: `the process of the server (pid ${pid}) is stopped, as by SIGSTOP`,
    consequence: 'nothing is taken, put into force or lifted; the hosts keep what they have to say',
    command: `kill -CONT ${pid}`,
  };
}

const notAnswering: Said = {
  level: 'broken',
  code: 'server-not-answering',
  fact: `the server runs and does not answer in ${hearMaxMs / 1_000} s`,
  consequence: 'nothing is taken, put into force or lifted; the hosts keep what they have to say',
  command: ({ restart, status }) => `${status}; ${restart}`,
};

function silent(reason: string): Said {
  return {
    level: 'warning',
    code: 'server-unreadable',
    fact: `the server cannot be asked: ${reason}`,
    consequence: 'clients, whitelist and bans are not looked at',
    command: ({ status }) => `run the doctor as root; then: ${status}`,
  };
}

function judgePause({ isPaused }: RunningServer): readonly Said[] {
  if (!isPaused) return [];
  return [
    {
      level: 'broken',
      code: 'paused',
      fact: 'the server is paused (panic)',
      consequence: 'bans are recorded, but nothing is enforced',
      command: 'fail2networkban-server resume',
    },
  ];
}

function judgeRecord({ recordFailure }: RunningServer): readonly Said[] {
  if (recordFailure === undefined) return [];
  const { reason, forSeconds } = recordFailure;
  return [
    {
      level: 'broken',
      code: 'record-not-written',
      fact: `the record could not be written for ${formatDuration(forSeconds)}, at the last try: ${reason}`,
      consequence: 'new bans are refused for now; the hosts keep them and try again',
      command: ({ status }) => `df -h; ${status}; mend what they show, nothing needs a restart`,
    },
  ];
}

function judgeClock({ disputedClock }: RunningServer): readonly Said[] {
  if (disputedClock === undefined) return [];
  const { hostAt, trustedAt, forSeconds, believedInSeconds } = disputedClock;
  const then = believedInSeconds === undefined ? 'not by itself' : `by itself in ${formatDuration(believedInSeconds)}`;
  return [
    {
      level: 'warning',
      code: 'clock-disputed',
      fact: `the clock of this host has jumped: it says ${formatInstant(hostAt)} UTC for ${formatDuration(forSeconds)}, the server goes on with ${formatInstant(trustedAt)} UTC`,
      consequence: `bans, whitelist entries and keys end by the latter; the host's clock is believed ${then}`,
      command: 'timedatectl; set the clock right, or if it is right: fail2networkban-server clock --believe',
    },
  ];
}

function judgeUnwritten({ unwritten }: RunningServer): readonly Said[] {
  if (unwritten === undefined) return [];
  const { count, reason, keptIn } = unwritten;
  const restart = keptIn === undefined ? 'forgets them: no file could keep them' : `finds them in ${keptIn}`;
  return [
    {
      level: 'broken',
      code: 'decisions-unwritten',
      fact: `${plural(count, 'decision')} of the operator (panic, unban, allow) are in force in memory alone: ${reason}`,
      consequence: `they are written by themselves as soon as the ledger can be; a restart before that ${restart}`,
      command: ({ status }) => `df -h; ${status}; mend what they show, nothing needs a restart`,
    },
  ];
}

function judgeNotifications({ untold }: RunningServer): readonly Said[] {
  return untold.map(({ name, reason, forSeconds }) => ({
    level: 'warning',
    code: 'notifications-fail',
    fact: `${name} has not been told anything for ${formatDuration(forSeconds)}, at the last try: ${reason}`,
    consequence: 'nobody hears by it what happens; what waits longer than an hour is dropped',
    command: `mend what the last try ended with, then: fail2networkban-server notify test ${name}`,
  }));
}

function judgeVersion(running: RunningServer, version: string): readonly Said[] {
  if (running.version === version) return [];
  return [
    {
      level: 'warning',
      code: 'version-not-in-use',
      fact: `the server runs version ${running.version}, installed is ${version}`,
      consequence: 'the installed version does nothing yet',
      command: ({ restart }) => restart,
    },
  ];
}

/**
 * Whether what the server wrote down gets into one of its firewalls.
 *
 * @param isOpenToDoctor whether the doctor, with the configuration of today, got through; undefined: it did not try
 */
export function judgeEnforcement(
  { failure, leftOut, shortOf, strays, ...refusals }: FirewallState,
  isOpenToDoctor: boolean | undefined,
): readonly Said[] {
  const said: Said[] = [];
  if (failure !== undefined) said.push(fails(failure, isOpenToDoctor));
  if (leftOut > 0) said.push(leavesOut(leftOut, shortOf));
  if (refusals.refused > 0) said.push(refuses(refusals.refused, refusals.firstRefused));
  if (refusals.unremoved > 0) said.push(keeps(refusals.unremoved, refusals.firstUnremoved));
  return [...said, ...strays.map(judgeStrays)];
}

/** More bans than `max_entries`, or than there are bytes in the file: raising `max_entries` helps in the first case alone. */
function leavesOut(count: number, shortOf: FirewallState['shortOf']): Said {
  const [why, command] =
    shortOf === 'entries'
      ? [
          'there are more than max_entries',
          'raise max_entries in the section of this firewall and restart, or shorten bantime on the hosts',
        ]
      : [
          'the file that it keeps its entries in takes no more bytes',
          'make room in the file (pvesh get /cluster/firewall/ipset shows what else is there), or shorten bantime on the hosts',
        ];
  return {
    level: 'warning',
    code: 'bans-left-out',
    fact: `left out: ${count} of the bans, because ${why}`,
    consequence: 'those addresses are not blocked here; who stays: yours, then the newest of each host in turn',
    command,
  };
}

/** It answers, and does not block what it should. */
function refuses(count: number, first: readonly RefusedNetworkText[]): Said {
  const [one] = first;
  const example = one === undefined ? '' : `, as ${one.network}: ${one.reason}`;
  return {
    level: 'warning',
    code: 'bans-refused',
    fact: `${plural(count, 'ban')} not blocked here${example}`,
    consequence: 'those addresses still get through, and the server tries again at each comparison',
    command: `look for what else writes there, then: fail2networkban-server reconcile; fail2networkban-server lookup ${one?.network ?? 'ADDRESS'}`,
  };
}

/** It answers, and does not let go what it should. */
function keeps(count: number, first: readonly RefusedNetworkText[]): Said {
  const [one] = first;
  const example = one === undefined ? '' : `, as ${one.network}: ${one.reason}`;
  return {
    level: 'warning',
    code: 'unbans-refused',
    fact: `${plural(count, 'network')} still blocked here though not banned${example}`,
    consequence: 'those addresses stay shut out, and the server tries again at each comparison',
    command: `fail2networkban-server reconcile; fail2networkban-server lookup ${one?.network ?? 'ADDRESS'}`,
  };
}

/** Those of a server that is at work are as they should be. */
function judgeStrays({ id, isOwn, isAlive, entries }: StrayFacts): Said {
  return {
    level: isAlive ? 'note' : 'warning',
    code: 'stray-entries',
    fact: describeStrays(entries, id, isOwn),
    consequence: isAlive
      ? 'another server looks after them; they count as present, and are never changed or removed'
      : 'they stay in force, and nobody takes them out when their bans end',
    command: isAlive
      ? `fail2networkban-server clear ${id} lists them`
      : `fail2networkban-server adopt ${id}, when their bans are to go on with an end; fail2networkban-server clear ${id}, when they are to go; ${isOwn ? copied : 'nothing, when another server looks after them'}`,
  };
}

/** Two servers with one id take each other's entries for their own. */
const copied = 'stop one of two servers, when both run on copies of this ledger';

function fails(failure: DeniableFailure, isOpenToDoctor: boolean | undefined): Said {
  const command = commandFor(failure, isOpenToDoctor);
  return {
    level: 'broken',
    code: 'firewall-fails',
    fact: `the server has not got through for ${formatDuration(failure.forSeconds)}, at the last try: ${failure.reason}`,
    consequence: 'this firewall keeps what it has; new bans and unbans do not reach it',
    ...(command === undefined ? {} : { command }),
  };
}

/**
 * | the doctor | denied | otherwise |
 * | --- | --- | --- |
 * | gets through | the server has an older token or address: restart | it heals by itself; now: reconcile |
 * | does not | none: its own finding of this firewall says what to do | the same |
 * | did not try | what the last try ended with, then reconcile | the same |
 */
function commandFor({ isDenied }: DeniableFailure, isOpenToDoctor: boolean | undefined): Said['command'] {
  if (isOpenToDoctor === undefined) return 'mend what the last try ended with, then: fail2networkban-server reconcile';
  if (!isOpenToDoctor) return undefined;
  if (!isDenied) return 'fail2networkban-server reconcile tries again at once; then: fail2networkban-server status';
  return ({ restart }) => `${restart}; with what server.ini names now, the doctor gets through`;
}
