import { EnforcerError } from '../../../shared/errors.ts';
import { isAnswer } from '../answer-error.ts';
import type { OwnMarks } from '../ownership/ledger-mark.ts';
import { keepersIn, otherKeeperIn, withKeeper } from './alias-mark.ts';
import type { Alias } from './opnsense-answers.ts';
import type { OpnsenseApi } from './opnsense-api.ts';

/** @throws EnforcerError `denied` when another ledger keeps the alias, which is then not written to */
export function refuseOthers({ name, description }: Alias, marks: OwnMarks): void {
  const other = otherKeeperIn(description, (id) => marks.has(id));
  if (other === undefined) return;
  throw new EnforcerError(
    'denied',
    `the alias ${name} is kept by ledger ${other}, as its description says; this server's is ${marks.own}: name another in alias, or take it over: fail2networkban-server opnsense take-over ${name}`,
  );
}

/**
 * Writes this ledger's mark into the description of an alias that names none, as those of older versions. An alias that OPNsense
 * lets nobody mark serves all the same.
 *
 * @returns the alias as it is configured then
 * @throws EnforcerError `denied` when another server was faster, `retry` when it is gone
 */
export async function markOwn(api: OpnsenseApi, alias: Alias, marks: OwnMarks, signal: AbortSignal): Promise<Alias> {
  if (keepersIn(alias.description).length > 0) return alias;
  try {
    await api.describe(alias, withKeeper(alias.description, marks.own), signal);
  } catch (error) {
    if (!isNotTaken(error)) throw error;
    return alias;
  }
  // Two servers that both found no mark have both written: the last one keeps it, and the first sees so here or with its next list.
  const marked = await api.find(alias.name, signal);
  if (marked === undefined) throw new EnforcerError('retry', `the alias ${alias.name} has just been deleted`);
  refuseOthers(marked, marks);
  return marked;
}

/** A description that would get too long, and a user who may not change the configuration. */
function isNotTaken(error: unknown): boolean {
  if (isAnswer(error, 403) || isAnswer(error, 500)) return true;
  return error instanceof EnforcerError && error.code === 'rejected';
}
