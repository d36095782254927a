import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { chunkMaxBytes, readTakenLines, readUnfinished } from '../../../client/taken-file.ts';
import { makeFolder } from '../../ending.ts';

/** What a queue file says in the end: the networks of the lines that could be read, in their order. */
async function networksIn(path: string): Promise<readonly string[]> {
  const lines = [];
  let offset = 0;
  for await (const read of readTakenLines(path, 0)) {
    lines.push(...read.lines);
    ({ offset } = read);
  }
  lines.push(...((await readUnfinished(path, offset))?.lines ?? []));
  return lines.flatMap((line) => (line.kind === 'event' ? [line.network] : []));
}

const field = '\t600\t5\t1\t1795234714.68';
const jails = ['sshd', 'dev1', 'v1', 'ban', 'x-v1'];
const verbs = ['ban', 'unban', 'prolong', 'hand-ban', 'hand-unban', 'hand-lift'];
const endings = ['\t\n', '\tsite=fra1,rack=7\n', '\n'];

/** One write of the action or of a command: a whole line, or what a full disk left of it. */
interface Write {
  readonly line: string;
  /** Bytes that were written; undefined: all. */
  readonly cut: number | undefined;
}

const anyLine = fc.tuple(fc.constantFrom(...verbs), fc.constantFrom(...jails), fc.constantFrom(...endings)).map(
  ([verb, jail, ending]) =>
    (network: string) =>
      `v1\t${verb}\t${jail}\t${network}${field}${ending}`,
);
const anyWrites = fc.array(fc.tuple(anyLine, fc.option(fc.nat({ max: 200 }))), { minLength: 1, maxLength: 12 });

function toWrites(drawn: readonly (readonly [(network: string) => string, number | null])[]): Write[] {
  return drawn.map(([lineFor, cut], index) => {
    const line = lineFor(`198.51.100.${index + 1}`);
    // The whole line without its newline is cut off too: nobody can know that nothing else was to come.
    return { line, cut: cut === null ? undefined : cut % line.length };
  });
}

test('a line that is cut off anywhere costs itself and no other, however many there are', async (context) => {
  const path = join(await makeFolder(context), 'taken.1');
  const property = fc.asyncProperty(anyWrites, async (drawn) => {
    const writes = toWrites(drawn);
    await writeFile(path, writes.map(({ line, cut }) => line.slice(0, cut)).join(''));
    const whole = writes.flatMap(({ cut }, index) => (cut === undefined ? [`198.51.100.${index + 1}`] : []));
    assert.deepEqual(await networksIn(path), whole);
  });
  await fc.assert(property, { numRuns: 400 });
});

test('a line cut off at each of its bytes leaves the next whole', async (context) => {
  const path = join(await makeFolder(context), 'taken.1');
  const first = `v1\tban\tdev1\t198.51.100.1${field}\tsite=fra1\n`;
  for (let cut = 0; cut < first.length; cut += 1) {
    await writeFile(path, `${first.slice(0, cut)}v1\tunban\tdev1\t198.51.100.2${field}\n`);
    assert.deepEqual(await networksIn(path), ['198.51.100.2'], `cut after ${cut} bytes`);
  }
});

test('finds a line behind any length of what a loss of power leaves, and takes empty lines for nothing', async (context) => {
  const path = join(await makeFolder(context), 'taken.1');
  const line = `v1\tban\tsshd\t198.51.100.2${field}\n`;
  const lengths = [1, chunkMaxBytes - 20, 3 * chunkMaxBytes];
  for (const length of lengths.flatMap((each) => Array.from({ length: 40 }, (_, more) => each + more))) {
    await writeFile(path, `${'\0'.repeat(length)}${line}\n\n${line}`);
    assert.deepEqual(await networksIn(path), ['198.51.100.2', '198.51.100.2'], `${length} bytes before`);
  }
});
