import type { StatusReport } from '../status-report.ts';
import { type Finding, good } from './finding.ts';

/** The parts of the agent's status that the doctor looks at; undefined when no agent runs. */
export type AgentFacts = Pick<StatusReport, 'unreadableLines' | 'unreadableFile'> & {
  readonly servers: readonly {
    readonly server: string;
    readonly waiting: number;
    readonly oldestWaitingMs: number | null;
  }[];
};

/** An event that waits longer than this says that something is wrong. */
const longMs = 60_000;

/** Whether the agent runs and keeps up. */
export function findInAgent(facts: AgentFacts | undefined): Finding[] {
  if (facts === undefined) return [notRunning];
  const findings = [good('the agent runs')];
  if (facts.unreadableLines > 0) findings.push(unreadable(facts));
  for (const { server, waiting, oldestWaitingMs } of facts.servers) {
    if (oldestWaitingMs !== null && oldestWaitingMs > longMs) findings.push(late(server, waiting, oldestWaitingMs));
  }
  return findings;
}

const notRunning: Finding = {
  level: 'broken',
  fact: 'the agent does not run',
  consequence: 'bans stay in the queue',
  command: 'systemctl enable --now fail2networkban-agent',
};

function unreadable({ unreadableLines, unreadableFile }: AgentFacts): Finding {
  return {
    level: 'warning',
    fact: `${unreadableLines} lines of the queue could not be read`,
    consequence: 'what they said was not sent',
    command: `tail ${unreadableFile}`,
  };
}

function late(server: string, waiting: number, oldestWaitingMs: number): Finding {
  return {
    level: 'warning',
    fact: `${server}: ${waiting} events wait, the oldest for ${Math.round(oldestWaitingMs / 1_000)} s`,
    consequence: 'they are sent when the server takes them again',
    command: 'fail2networkban status',
  };
}
