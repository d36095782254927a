import { dirname } from 'node:path';
import { describeError } from '../../shared/errors.ts';
import { callLocalSocket, NotRunningError } from '../../shared/host/local-socket.ts';
import { isObject } from '../../shared/sealed-channel.ts';
import { subjectOf } from './decision.ts';
import { DecisionFile } from './decision-file.ts';
import { type LedgerPlace, notTaken } from './kept-decisions.ts';

/** What the operator decided and a copy of the ledger does not have. */
export interface LeftOut {
  readonly decisions: readonly { readonly kind: string; readonly network: string | null }[];
  /** Why there may be more of them: who or what does not say. */
  readonly doubts: readonly string[];
}

/**
 * Asks the server for the decisions that the ledger has not taken; while none runs, reads the files that keep them. Asked before the
 * copy is made: what is decided later is later than the copy.
 *
 * @returns what of them a copy lacks that is as far as this. Never rejects
 */
export async function findLeftOut(database: string, socket: string): Promise<(copy: LedgerPlace) => LeftOut> {
  const folders = [dirname(database), dirname(socket)];
  try {
    const found = readAnswer(await callLocalSocket(socket, 'status', {}));
    return () => found;
  } catch (error) {
    const silent = error instanceof NotRunningError ? [] : [`the server does not say: ${describeError(error)}`];
    return await readFiles(folders, silent);
  }
}

function readAnswer({ unwritten }: Readonly<Record<string, unknown>>): LeftOut {
  const { decisions } = isObject(unwritten) ? unwritten : {};
  const found = Array.isArray(decisions) ? decisions.filter(isObject) : [];
  return {
    decisions: found.map(({ kind, network }) => ({
      kind: String(kind),
      network: typeof network === 'string' ? network : null,
    })),
    doubts: [],
  };
}

async function readFiles(
  folders: readonly string[],
  silent: readonly string[],
): Promise<(copy: LedgerPlace) => LeftOut> {
  const { kept, unreadable } = await new DecisionFile(folders).load();
  const doubts = [...silent, ...unreadable.map(({ file, reason }) => `${file} cannot be read: ${reason}`)];
  return (copy) => {
    const waiting = kept === undefined ? [] : notTaken(kept, copy);
    const decisions = waiting.map(({ decision }) => ({ kind: decision.kind, network: subjectOf(decision) ?? null }));
    return { decisions, doubts };
  };
}
