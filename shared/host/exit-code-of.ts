import { CommanderError } from 'commander';
import { ConfigError } from '../errors.ts';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { ArgumentError, NotRunningError } from './local-socket.ts';

/** What a program ends with when a command threw; what it does not know has failed. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  if (error instanceof ConfigError) return exitCodes.config;
  if (error instanceof ArgumentError) return exitCodes.usage;
  return error instanceof NotRunningError ? exitCodes.temporary : exitCodes.failed;
}
