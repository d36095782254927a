import { callLocalSocket, NotAnsweringError, NotRunningError } from '../../shared/host/local-socket.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { listOf, type ServerPart, serverParts, textOf } from '../commands/answers.ts';
import type { FaultReport, StatusReport } from '../status-report.ts';

/** No agent listens, or the one that does is stopped or overloaded. */
export type NoAgent = 'not-running' | 'not-answering';

/** The parts of the agent's status that the doctor looks at. */
export type AgentFacts = Pick<StatusReport, 'unreadableLines' | 'unreadableFile'> & {
  readonly servers: readonly ServerFacts[];
  /** Enforcers that fail, with the reason. */
  readonly failing: readonly EnforcerTrouble[];
  /** Enforcers that refuse networks, with which and why. */
  readonly refusing: readonly EnforcerTrouble[];
  /** Enforcers that have no room for all bans, with how many are left out. */
  readonly full: readonly EnforcerTrouble[];
  /** What does not work now and is tried again. */
  readonly faults: readonly FaultReport[];
};

interface EnforcerTrouble {
  readonly enforcer: string;
  readonly reason: string;
}

/** Why a server takes nothing, though it is connected, and since when. */
export interface Postponement {
  readonly code: string;
  readonly detail: string;
  readonly since: string;
}

export interface ServerFacts {
  readonly server: string;
  readonly waiting: number;
  readonly oldestWaitingMs: number | null;
  readonly postponement?: Postponement;
}

/** Asks the running agent. */
export async function readAgent(socket: string): Promise<AgentFacts | NoAgent> {
  try {
    const status = await callLocalSocket(socket, 'status', {});
    return {
      unreadableLines: Number(status['unreadableLines'] ?? 0),
      unreadableFile: textOf(status['unreadableFile']),
      failing: troubles(status, ['failing']),
      refusing: troubles(status, ['refusing']),
      full: troubles(status, ['in-sync', 'working']),
      faults: listOf(status['faults']).map(({ what, reason, consequence, since }) => ({
        what: textOf(what),
        reason: textOf(reason),
        consequence: textOf(consequence),
        since: textOf(since),
      })),
      servers: serverParts(status).map(readServerPart),
    };
  } catch (error) {
    if (error instanceof NotRunningError) return 'not-running';
    if (error instanceof NotAnsweringError) return 'not-answering';
    throw error;
  }
}

/** Enforcers in one of these states of which the agent has something to say. */
function troubles(status: Readonly<Record<string, unknown>>, states: readonly string[]): readonly EnforcerTrouble[] {
  return listOf(status['enforcers'])
    .filter(({ state, detail }) => states.includes(textOf(state)) && detail !== undefined)
    .map(({ enforcer, detail }) => ({ enforcer: textOf(enforcer), reason: textOf(detail) }));
}

function readServerPart({ server, waiting, oldestWaitingMs, postponement }: ServerPart): ServerFacts {
  const facts = {
    server,
    waiting: Number(waiting),
    oldestWaitingMs: typeof oldestWaitingMs === 'number' ? oldestWaitingMs : null,
  };
  if (!isObject(postponement)) return facts;
  const { code, detail, since } = postponement;
  return { ...facts, postponement: { code: textOf(code), detail: textOf(detail), since: textOf(since) } };
}
