import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { exitCodes, neverAgain } from '../../shared/exit-codes.ts';
import { type RunResult, runProgram } from '../../shared/host/run-program.ts';
import { type Batch, type Channel, DeliveryError } from './channel.ts';
import { eventsOf } from './events-of.ts';
import type { NotifyCommandSettings } from './notification-settings.ts';

export interface NotifyCommandOptions {
  readonly clock: Clock;
  /** How the server calls itself. */
  readonly serverName: string;
}

/** Runs a program for each batch, with a line of JSON for each event on its standard input. */
export function openNotifyCommand(settings: NotifyCommandSettings, options: NotifyCommandOptions): Channel {
  return {
    name: `notify-command/${settings.name}`,
    close: () => undefined,
    send: async (batch, signal) => refuseEnd(await run(settings, options, { batch, signal }), settings.timeoutMs),
  };
}

async function run(
  { argv, timeoutMs }: NotifyCommandSettings,
  { clock, serverName }: NotifyCommandOptions,
  { batch, signal }: { readonly batch: Batch; readonly signal: AbortSignal },
): Promise<RunResult> {
  // One of its own for each run: what a run hangs on a signal stays in the memory of one that lives on.
  const ending = new AbortController();
  const end = (): void => ending.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  try {
    return await runProgram(
      { argv, input: linesOf(batch, serverName), user: undefined, timeoutMs },
      clock,
      ending.signal,
    );
  } catch (cause) {
    throw new DeliveryError('retry', `${argv[0]} cannot be started: ${describeError(cause)}`, { cause });
  } finally {
    signal.removeEventListener('abort', end);
  }
}

function linesOf({ events, dropped }: Batch, server: string): string {
  return eventsOf(events)
    .map((event) => `${JSON.stringify({ server, dropped, ...event })}\n`)
    .join('');
}

function refuseEnd({ end, output }: RunResult, timeoutMs: number): void {
  if (end.kind === 'exit' && end.code === exitCodes.done) return;
  const code = end.kind === 'exit' && end.code === neverAgain ? 'rejected' : 'retry';
  throw new DeliveryError(code, `${describeEnd(end, timeoutMs)}${output === '' ? '' : `: ${output}`}`);
}

function describeEnd(end: RunResult['end'], timeoutMs: number): string {
  switch (end.kind) {
    case 'exit':
      return `it ended with ${end.code}`;
    case 'signal':
      return `it was ended by ${end.name}`;
    case 'late':
      return `it did not end in ${timeoutMs / 1_000} s and was killed`;
    case 'stopped':
      return 'it was killed, because the server ends';
  }
}
