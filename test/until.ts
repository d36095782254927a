import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { stretched } from './patience.ts';

const patienceMs = 60_000;
/** Then what is waited for is another process, a socket or a disk, and needs the processor more than the waiting does. */
const turnsMax = 200;

/** Lets other work go on until `holds`; fails with `what` when it does not come to hold. */
export async function until(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const startedAt = performance.now();
  for (let turn = 0; !(await holds()); turn += 1) {
    if (performance.now() - startedAt > stretched(patienceMs)) assert.fail(`waited in vain until ${what}`);
    await (turn < turnsMax ? new Promise((resolve) => setImmediate(resolve)) : delay(1));
  }
}
