import type { Said } from '../../shared/finding.ts';
import { hearMaxMs } from '../../shared/host/local-socket.ts';
import type { Service, Supervisor } from '../../shared/host/supervisor.ts';
import { plural } from '../../shared/plural.ts';
import type { AgentFacts, NoAgent, Postponement, ServerFacts } from './read-agent.ts';

/** An event that waits longer than this says that something is wrong. */
const longMs = 60_000;

/** Whether the agent runs and keeps up. */
export function judgeAgent(facts: AgentFacts | NoAgent, supervisor: Supervisor, agent: Service): readonly Said[] {
  if (facts === 'not-running') return [{ ...notRunning, command: supervisor.start(agent) }];
  if (facts === 'not-answering') return [{ ...notAnswering, command: supervisor.restart(agent) }];
  const said: Said[] = [{ level: 'good', code: 'agent-runs', fact: 'it runs' }];
  if (facts.unreadableLines > 0) said.push(unreadable(facts));
  return [
    ...said,
    ...facts.servers.flatMap(judgeWaiting),
    ...facts.faults.map(hinders),
    ...facts.failing.map(fails),
    ...facts.refusing.map(refuses),
    ...facts.full.map(isFull),
  ];
}

const notRunning = {
  level: 'broken',
  code: 'agent-not-running',
  fact: 'it does not run',
  consequence: 'bans stay in the queue',
} as const;

const notAnswering = {
  level: 'broken',
  code: 'agent-not-answering',
  fact: `it runs and does not answer in ${hearMaxMs / 1_000} s: its process is stopped, or has too much to do`,
  consequence: 'bans stay in the queue',
} as const;

function unreadable({ unreadableLines, unreadableFile }: AgentFacts): Said {
  return {
    level: 'warning',
    code: 'lines-unreadable',
    fact: `${plural(unreadableLines, 'line')} of the queue could not be read`,
    consequence: 'what they said was not sent',
    command: `tail ${unreadableFile}`,
  };
}

function judgeWaiting({ server, waiting, oldestWaitingMs, postponement }: ServerFacts): readonly Said[] {
  if (postponement !== undefined) return [takesNothing(server, waiting, postponement)];
  return oldestWaitingMs !== null && oldestWaitingMs > longMs ? [late(server, waiting, oldestWaitingMs)] : [];
}

/** A host that sends faster than it may is slowed down; a server that cannot write is broken. */
function takesNothing(server: string, waiting: number, { code, detail, since }: Postponement): Said {
  return {
    level: code === 'rate-limited' ? 'warning' : 'broken',
    code: 'server-takes-nothing',
    fact: `${server} takes nothing since ${since}: ${code}: ${detail}; ${plural(waiting, 'event')} waiting here`,
    consequence: 'what is banned here is not blocked there; it is kept, and sent when the server takes it again',
    command: `on the server ${server}: fail2networkban-server doctor; ledger-unavailable: make room or mend its disk (df -h /var/lib/fail2networkban)`,
  };
}

function fails({ enforcer, reason }: AgentFacts['failing'][number]): Said {
  return {
    level: 'broken',
    code: 'enforcer-fails',
    fact: `${enforcer} fails: ${reason}`,
    consequence: 'bans of other hosts that came since are not blocked by it',
    command: 'mend what it names; it is tried again within a minute (fail2networkban status)',
  };
}

function refuses({ enforcer, reason }: AgentFacts['refusing'][number]): Said {
  return {
    level: 'warning',
    code: 'enforcer-refuses',
    fact: `${enforcer}: ${reason}`,
    consequence: 'it does not do there what is asked; it is asked again with each comparison, every five minutes',
    command: 'mend what it names; which networks those are: fail2networkban status',
  };
}

function isFull({ enforcer, reason }: AgentFacts['full'][number]): Said {
  return {
    level: 'warning',
    code: 'enforcer-full',
    fact: `${enforcer}: ${reason}`,
    consequence: 'those addresses are not blocked on this host; the newest of each host in turn are',
    command: 'raise max_entries of the [subscription] that names it, and reload the agent (fail2networkban status)',
  };
}

function hinders({ what, reason, consequence, since }: AgentFacts['faults'][number]): Said {
  return {
    level: 'broken',
    code: 'agent-hindered',
    fact: `${what}: ${reason}, since ${since}`,
    consequence,
    command: 'make room or mend what it names (df -h); it is tried again by itself',
  };
}

function late(server: string, waiting: number, oldestWaitingMs: number): Said {
  return {
    level: 'warning',
    code: 'events-late',
    fact: `for ${server} ${plural(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'}, the oldest for ${Math.round(oldestWaitingMs / 1_000)} s`,
    consequence: 'they are sent when the server takes them again',
    command: 'fail2networkban status',
  };
}
