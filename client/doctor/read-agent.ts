import { callLocalSocket, NotRunningError } from '../../shared/host/local-socket.ts';
import { listOf, serverParts, textOf } from '../commands/answers.ts';
import type { FaultReport, StatusReport } from '../status-report.ts';

/** The parts of the agent's status that the doctor looks at; undefined when no agent runs. */
export type AgentFacts = Pick<StatusReport, 'unreadableLines' | 'unreadableFile'> & {
  readonly servers: readonly ServerFacts[];
  /** Enforcers that fail, with the reason. */
  readonly failing: readonly FailingEnforcer[];
  /** What does not work now and is tried again. */
  readonly faults: readonly FaultReport[];
};

interface FailingEnforcer {
  readonly enforcer: string;
  readonly reason: string;
}

interface ServerFacts {
  readonly server: string;
  readonly waiting: number;
  readonly oldestWaitingMs: number | null;
}

/** Asks the running agent. */
export async function readAgent(socket: string): Promise<AgentFacts | undefined> {
  try {
    const status = await callLocalSocket(socket, 'status', {});
    return {
      unreadableLines: Number(status['unreadableLines'] ?? 0),
      unreadableFile: textOf(status['unreadableFile']),
      failing: listOf(status['enforcers'])
        .filter(({ state }) => state === 'failing')
        .map(({ enforcer, detail }) => ({ enforcer: textOf(enforcer), reason: textOf(detail) })),
      faults: listOf(status['faults']).map(({ what, reason, consequence, since }) => ({
        what: textOf(what),
        reason: textOf(reason),
        consequence: textOf(consequence),
        since: textOf(since),
      })),
      servers: serverParts(status).map(({ server, waiting, oldestWaitingMs }) => ({
        server,
        waiting: Number(waiting),
        oldestWaitingMs: typeof oldestWaitingMs === 'number' ? oldestWaitingMs : null,
      })),
    };
  } catch (error) {
    if (error instanceof NotRunningError) return undefined;
    throw error;
  }
}
