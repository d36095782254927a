import assert from 'node:assert/strict';

/** Only what never happens may meet it, on a slow and busy machine too. */
const patienceMs = 60_000;

/** Lets other work go on until `holds`; fails with `what` when it does not come to hold. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const startedAt = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAt > patienceMs) assert.fail(`waited in vain until ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
