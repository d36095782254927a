import { CommanderError } from 'commander';
import { ConfigError, describeError } from '../errors.ts';
import { isPassingFault } from '../passing-fault.ts';
import { ArgumentError, NotRunningError } from './local-socket.ts';

/** What a program says when a command threw. */
export interface Failure {
  /** For a person; undefined when commander has said it by itself. */
  readonly text: string | undefined;
  /** With `--json`, for standard output: `{"error": {"code", "message", …}}`; undefined when nothing is wrong. */
  readonly json: string | undefined;
}

/** @param hint what to do when nobody runs */
export function describeFailure(error: unknown, hint: string): Failure {
  // commander throws also when it was asked for help.
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { text: undefined, json: error.exitCode === 0 ? undefined : toJson({ code: 'usage', message }) };
  }
  const message = describeError(error);
  if (error instanceof NotRunningError) {
    return { text: `${message}\n${hint}`, json: toJson({ code: error.code, message, hint }) };
  }
  if (error instanceof ConfigError) {
    const problems = error.problems.map(({ where, key, detail }) => ({ where, key, detail }));
    return { text: message, json: toJson({ code: error.isPassing ? 'temporary' : error.code, message, problems }) };
  }
  const code = error instanceof ArgumentError ? error.code : isPassingFault(error) ? 'temporary' : 'failed';
  return { text: message, json: toJson({ code, message }) };
}

function toJson(error: object): string {
  return JSON.stringify({ error }, null, 2);
}
