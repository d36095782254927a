import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

/** Where a test says what is to be ended after it. */
export interface Ending {
  after(then: () => Promise<void>): void;
}

/** Ends with the test what is said here, the last first, and all of it whatever fails. */
export function lastFirst(test: Ending): Ending {
  const ends: (() => Promise<void>)[] = [];
  test.after(async () => {
    const failures: unknown[] = [];
    for (const end of ends.reverse()) await end().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'not all that the test started has ended well');
  });
  return { after: (then) => void ends.push(then) };
}

/** A test that ends what it started, the last first: a program before the folder that it writes to. */
export function testWithEnding(name: string, run: (ending: Ending) => Promise<void>): void {
  test(name, (context) => run(lastFirst(context)));
}

/** A folder that goes with the test. */
export async function makeFolder(test: Ending): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fail2networkban-'));
  test.after(() => rm(folder, { recursive: true }));
  return folder;
}
