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
  const hash = createHash('sha256');
  const isWeak = format.endsIn === 'seconds';
  const pieces: Buffer[] = [];
  const lines = new LineBytes();
  const takePiece = (entries: readonly ListEntry[] = []): void => {
    const piece = lines.take();
    pieces.push(piece);
    if (isWeak) hashInstants(hash, entries);
    else hash.update(piece);
  };
  if (isWeak) hash.update(String(list.isPaused));
  for (const part of format.lines(list, query)) {
    if (typeof part === 'string') lines.text(`${part}\n`);
    else await inTurns(part.entries, turns, lineWriter(part, lines, takePiece));
  }
  takePiece();
  return { body: Buffer.concat(pieces), tag: `${isWeak ? 'W/' : ''}"${digest(hash)}"` };
}

/** Writes piece by piece. What stands between two entries is the same everywhere, and copied at once. */
function lineWriter(
  { entries, prefix = '', write, suffix = '', separator = '' }: EntryLines,
  lines: LineBytes,
  takePiece: (entries: readonly ListEntry[]) => void,
): (some: readonly ListEntry[], from: number) => void {
  const between = Buffer.from(`${suffix}${separator}\n${prefix}`);
  return (some, from) => {
    let at = from;
    for (const entry of some) {
      if (at === 0) lines.text(prefix);
      else lines.put(between);
      write(lines, entry);
      at += 1;
    }
    if (at === entries.length) lines.text(`${suffix}\n`);
    takePiece(some);
  };
}

/** Instants as the eight bytes that they are: to write a hundred thousand of them in digits takes longer than all the rest. */
function hashInstants(hash: Hash, entries: readonly ListEntry[]): void {
  hash.update(entries.map(({ network }) => network).join(' '));
  hash.update(new Float64Array(entries.map(({ endsAt }) => endsAt)));
}

function digest(hash: Hash): string {
  return hash.digest('base64url').slice(0, 22);
}
