import { CommanderError } from 'commander';
import { ConfigError, describeError } from '../errors.ts';
import { isPassingFault } from '../passing-fault.ts';
import { ArgumentError, NotAnsweringError, NotRunningError } from './local-socket.ts';

/** What a program says when a command threw. */
export interface Failure {
  /** For a person; undefined when commander has said it by itself. */
  readonly text: string | undefined;
  /** With `--json`, for standard output: `{"error": {"code", "message", …}}`; undefined when nothing is wrong. */
  readonly json: string | undefined;
}

/** What to do about the process that a command asks. */
export interface ProcessAdvice {
  /** When it does not run. */
  readonly start: string;
  /** When it runs and does not answer. */
  readonly restart: string;
}

export function describeFailure(error: unknown, advice: ProcessAdvice): Failure {
  // commander throws also when it was asked for help.
  if (error instanceof CommanderError) {
    const message = error.message.replace(/^error: /, '');
    return { text: undefined, json: error.exitCode === 0 ? undefined : toJson({ code: 'usage', message }) };
  }
  const message = describeError(error);
  if (error instanceof NotRunningError) return withHint(error.code, message, advice.start);
  if (error instanceof NotAnsweringError) return withHint(error.code, message, advice.restart);
  if (error instanceof ConfigError) {
    const problems = error.problems.map(({ where, key, detail }) => ({ where, key, detail }));
    return { text: message, json: toJson({ code: error.isPassing ? 'temporary' : error.code, message, problems }) };
  }
  const code = error instanceof ArgumentError ? error.code : isPassingFault(error) ? 'temporary' : 'failed';
  return { text: message, json: toJson({ code, message }) };
}

function withHint(code: string, message: string, hint: string): Failure {
  return { text: `${message}\n${hint}`, json: toJson({ code, message, hint }) };
}

function toJson(error: object): string {
  return JSON.stringify({ error }, null, 2);
}
