import { setTimeout as delay } from 'node:timers/promises';

/**
 * Looks again and again until a condition holds. For what another process does and nobody announces: the content of
 * cluster.fw, a file that goes.
 *
 * @returns milliseconds that it took
 * @throws when it does not hold in time
 */
export async function waitUntil(
  what: string,
  holds: () => boolean | Promise<boolean>,
  mostMs = 15_000,
): Promise<number> {
  const startedAtMs = performance.now();
  for (;;) {
    const lookedAtMs = performance.now();
    if (await holds()) return performance.now() - startedAtMs;
    if (performance.now() - startedAtMs > mostMs) throw new Error(`not in ${mostMs / 1_000} s: ${what}`);
    // A look that costs much must not keep what is waited for from happening.
    await delay(Math.max(2, 2 * (performance.now() - lookedAtMs)));
  }
}
