import { EnforcerError, hasCode } from '../../../shared/errors.ts';
import { exitCodes, neverAgain } from '../../../shared/exit-codes.ts';
import type { Run, RunResult } from '../../../shared/host/run-program.ts';

/**
 * Says what a run's end asks for; undefined: it was carried out.
 *
 * ```
 *   0                         carried out
 *   119 ({@link neverAgain})  rejected: not this network, the others go on
 *   78 (configuration)        denied: the operator must act, tried again each minute
 *   else, a signal, too late  retry; 2 too, with which a shell and argparse say that they were called wrongly
 * ```
 */
export function failureOf({ end }: RunResult, timeoutMs: number): EnforcerError | undefined {
  switch (end.kind) {
    case 'exit':
      return end.code === exitCodes.done ? undefined : new EnforcerError(codeOf(end.code), `exit code ${end.code}`);
    case 'signal':
      return new EnforcerError('retry', `ended by ${end.name}`);
    case 'stopped':
      return new EnforcerError('retry', 'killed, because the agent ends');
    case 'late':
      return new EnforcerError('retry', `did not end in ${timeoutMs / 1_000} s, killed`);
  }
}

function codeOf(exitCode: number): EnforcerError['code'] {
  if (exitCode === neverAgain) return 'rejected';
  return exitCode === exitCodes.config ? 'denied' : 'retry';
}

/** Failures of starting a program that end only when somebody acts. */
const operatorMustAct = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ENOEXEC', 'ELOOP'];

/** What asks a program that cannot be started for. */
export function notStarted(error: unknown, { argv: [program = ''], user }: Run): EnforcerError {
  const cause = error;
  if (user !== undefined && hasCode(error, 'EPERM')) {
    const message = `${program} cannot run as ${user.name}: the agent must be root with CAP_SETUID and CAP_SETGID`;
    return new EnforcerError('denied', message, { cause });
  }
  const code = operatorMustAct.some((each) => hasCode(error, each)) ? 'denied' : 'retry';
  return new EnforcerError(code, `${program} cannot be started`, { cause });
}
