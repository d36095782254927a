import { setTimeout as delay } from 'node:timers/promises';
import { stretched } from '../patience.ts';

/** For a whole suite that starts processes: only what hangs may meet it, on a slow and busy machine too. */
export const suiteMaxMs = 1_200_000;

/** Half of the minute after which a Proxmox that refuses is tried again: what is waited for must not come of that. */
const patienceMs = 30_000;

/**
 * Looks again and again until a condition holds. For what another process does and nobody announces: the content of
 * cluster.fw, a file that goes.
 *
 * @param mostMs on a machine that does nothing else
 * @returns milliseconds that it took
 * @throws when it does not hold in time
 */
export async function waitUntil(
  what: string,
  holds: () => boolean | Promise<boolean>,
  mostMs = patienceMs,
): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const lookedAtMs = performance.now();
    if (await holds()) return performance.now() - startedAtMs;
    if (performance.now() - startedAtMs > stretched(mostMs)) throw new Error(`not in ${mostMs / 1_000} s: ${what}`);
    // A look that costs much must not keep what is waited for from happening.
    await delay(Math.max(2, 2 * (performance.now() - lookedAtMs)));
  }
}
