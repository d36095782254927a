import { EnforcerError } from '../../shared/errors.ts';
import { OutgoingError } from '../outgoing/outgoing-error.ts';

/** What a call that got no answer means to a reconciler. `call` names it. */
export function toEnforcerError(call: string, cause: unknown): EnforcerError {
  if (cause instanceof EnforcerError) return cause;
  const isDenied = cause instanceof OutgoingError && cause.isForOperator;
  return new EnforcerError(isDenied ? 'denied' : 'retry', call, { cause });
}
