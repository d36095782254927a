import { CommanderError } from 'commander';
import { ConfigError } from '../errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { isPassingFault } from '../passing-fault.ts';
import { ArgumentError, NotRunningError } from './local-socket.ts';

/** What a program ends with when a command threw; what it does not know has failed. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof ArgumentError) return exitCodes.usage;
  if (error instanceof NotRunningError || isPassingFault(error)) return exitCodes.temporary;
  return error instanceof ConfigError ? exitCodes.config : exitCodes.failed;
}
