import { inTurns, type Turns } from '../../in-turns.ts';
import type { Arguments } from '../parameter.ts';
import type { EntryLines, Format, List } from './format.ts';
import { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';
import { strongTag, weakTag } from './list-tag.ts';

/** The text of a list, with its tag for `ETag`. */
export async function writeList(
  format: Format,
  list: List,
  { query, turns }: { readonly query: Arguments; readonly turns: Turns },
): Promise<{ readonly body: Buffer; readonly tag: string }> {
  const lines = new LineBytes();
  const tag = format.endsIn === 'seconds' ? weakTag(list, turns.perTurn) : strongTag(lines);
  for (const part of format.lines(list, query)) {
    if (typeof part === 'string') {
      lines.text(`${part}\n`);
      continue;
    }
    const writeLines = lineWriter(part, lines);
    await inTurns(part.entries, turns, (some, from) => {
      writeLines(some, from);
      tag.add(some);
    });
  }
  return { body: lines.end(), tag: tag.end() };
}

/** Room beyond what was reckoned, for lines that are longer. */
const sparing = 1.1;

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
    else if (from === 0) lines.reserve(start + Math.ceil(((lines.length - start) * entries.length * sparing) / at));
  };
}
