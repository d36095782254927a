import { describeError, TemporaryError } from '../../shared/errors.ts';
import type { LocalVerb } from '../../shared/host/local-socket.ts';
import { LedgerError } from '../ledger/ledger.ts';

/** The verbs as they are, but each says of a ledger that cannot be used, as on a full disk, that nothing was done, and what works all the same. */
export function sayingNotNow(verbs: ReadonlyMap<string, LocalVerb>): ReadonlyMap<string, LocalVerb> {
  return new Map([...verbs].map(([name, verb]) => [name, sayNotNow(verb)]));
}

function sayNotNow(verb: LocalVerb): LocalVerb {
  return async (args) => {
    try {
      return await verb(args);
    } catch (cause) {
      if (!(cause instanceof LedgerError)) throw cause;
      throw new TemporaryError(
        `not done: the ledger cannot be used now: ${describeError(cause)}; doctor says what to do; panic, resume, unban and allow work all the same`,
      );
    }
  };
}
