import { type Clock, sleep } from './clock.ts';

/** Does something at once and then after each pause, until aborted. Rejects when the work does. */
export async function every(
  periodMs: number,
  work: () => Promise<unknown>,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await work();
    await sleep(clock, periodMs, signal);
  }
}
