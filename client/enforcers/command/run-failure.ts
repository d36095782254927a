import { EnforcerError, hasCode } from '../../../shared/errors.ts';
import { exitCodes } from '../../../shared/exit-codes.ts';
import type { Run, RunResult } from '../../../shared/host/run-program.ts';

/**
 * What a run's end asks for; undefined: it was carried out. Exit codes are those of our own commands.
 *
 * ```
 *   0                         carried out
 *   2 (refused)               rejected: not this network, the others go on
 *   78 (configuration)        denied: the operator must act, tried again each minute
 *   else, a signal, too late  retry
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
  if (exitCode === exitCodes.refused) return 'rejected';
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
