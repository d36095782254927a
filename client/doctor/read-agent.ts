import { callLocalSocket, NotRunningError } from '../../shared/host/local-socket.ts';
import { serverParts, textOf } from '../commands/answers.ts';
import type { StatusReport } from '../status-report.ts';

/** The parts of the agent's status that the doctor looks at; undefined when no agent runs. */
export type AgentFacts = Pick<StatusReport, 'unreadableLines' | 'unreadableFile'> & {
  readonly servers: readonly ServerFacts[];
};

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
