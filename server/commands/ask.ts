import { type ExitCode, exitCodes } from '../../shared/exit-codes.ts';
import { callLocalSocket } from '../../shared/host/local-socket.ts';
import { unwrittenLines } from './show/show-unwritten.ts';

export type Answer = Readonly<Record<string, unknown>>;

/** How a command asks the running server and shows what it says. */
export interface Asking {
  readonly socket: string;
  readonly verb: string;
  readonly args: object;
  readonly isJson: boolean;
  readonly print: (text: string) => void;
  /** Lines for a person; JSON needs none. */
  readonly show: (answer: Answer) => string;
}

/** @returns 0; 2 when the answer is a refusal, 1 when something is not as it was asked for */
export async function ask({ socket, verb, args, isJson, print, show }: Asking): Promise<ExitCode> {
  const answer = await callLocalSocket(socket, verb, args);
  print(isJson ? JSON.stringify(answer, null, 2) : [show(answer), ...unwrittenLines(answer)].join('\n'));
  if (answer['outcome'] === 'refused') return exitCodes.refused;
  return answer['outcome'] === 'failed' ? exitCodes.failed : exitCodes.done;
}
