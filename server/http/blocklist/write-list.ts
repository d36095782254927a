import { createHash, type Hash } from 'node:crypto';
import { inTurns, type Turns } from '../../in-turns.ts';
import type { Arguments } from '../parameter.ts';
import type { EntryLines, Format, List } from './format.ts';
import { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';

/**
 * The text of a list, with its tag for `ETag`. Where seconds stand in it the text changes with each second, and the tag is a
 * weak one, of what is blocked until when.
 */
export async function writeList(
  format: Format,
  list: List,
  { query, turns }: { readonly query: Arguments; readonly turns: Turns },
): Promise<{ readonly body: Buffer; readonly tag: string }> {
  const isWeak = format.endsIn === 'seconds';
  const lines = new LineBytes();
  const hash = createHash('sha256');
  if (isWeak) hash.update(String(list.isPaused));
  const ends = new Float64Array(turns.perTurn);
  let hashed = 0;
  const hashText = (): void => {
    hash.update(lines.from(hashed));
    hashed = lines.length;
  };
  for (const part of format.lines(list, query)) {
    if (typeof part === 'string') lines.text(`${part}\n`);
    else {
      const writeLines = lineWriter(part, lines);
      await inTurns(part.entries, turns, (some, from) => {
        writeLines(some, from);
        if (isWeak) hashInstants(hash, some, ends);
        else hashText();
      });
    }
  }
  if (!isWeak) hashText();
  return { body: lines.end(), tag: `${isWeak ? 'W/' : ''}"${digest(hash)}"` };
}

/** What stands between two entries is the same everywhere, and copied at once. */
function lineWriter(
  { entries, prefix = '', write, suffix = '', separator = '' }: EntryLines,
  lines: LineBytes,
): (some: readonly ListEntry[], from: number) => void {
  const between = Buffer.from(`${suffix}${separator}\n${prefix}`);
  return (some, from) => {
    const start = lines.length;
    let at = from;
    for (const entry of some) {
      if (at === 0) lines.text(prefix);
      else lines.put(between);
      write(lines, entry);
      at += 1;
    }
    if (at === entries.length) lines.text(`${suffix}\n`);
    // Lines are much alike, so the first of them tell how long all will be.
    else if (from === 0) lines.reserve(Math.ceil(((lines.length - start) * entries.length * sparing) / some.length));
  };
}

/** Room beyond what was reckoned, for lines that are longer. */
const sparing = 1.1;

/**
 * Instants as the eight bytes that they are: to write a hundred thousand of them in digits takes longer than all the rest.
 *
 * @param ends room for them, taken once for all
 */
function hashInstants(hash: Hash, some: readonly ListEntry[], ends: Float64Array): void {
  let at = 0;
  for (const { endsAt } of some) {
    ends[at] = endsAt;
    at += 1;
  }
  hash.update(some.map(({ network }) => network).join(' '));
  hash.update(ends.subarray(0, at));
}

function digest(hash: Hash): string {
  return hash.digest('base64url').slice(0, 22);
}
