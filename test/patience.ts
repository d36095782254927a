import { availableParallelism, loadavg } from 'node:os';

/**
 * Stretches a time limit by how many programs wait for each processor, so that only what hangs meets it. To be asked again
 * while waiting: the load may rise meanwhile.
 */
export function stretched(ms: number): number {
  const [waiting = 0] = loadavg();
  return ms * Math.max(1, waiting / availableParallelism());
}
