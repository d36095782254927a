import { createHash, type Hash } from 'node:crypto';
import { inTurns, type Turns } from '../../in-turns.ts';
import type { Arguments } from '../parameter.ts';
import type { EntryLines, Format, List } from './format.ts';
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
  const add = (text: string, entries: readonly ListEntry[] = []): void => {
    const piece = Buffer.from(text, 'latin1');
    pieces.push(piece);
    if (isWeak) hashInstants(hash, entries);
    else hash.update(piece);
  };
  if (isWeak) hash.update(String(list.isPaused));
  for (const part of format.lines(list, query)) {
    if (typeof part === 'string') add(`${part}\n`);
    else await addEntries(part, turns, add);
  }
  return { body: Buffer.concat(pieces), tag: `${isWeak ? 'W/' : ''}"${digest(hash)}"` };
}

/** Piece by piece, so that the whole is never one text besides its bytes. */
async function addEntries(
  { entries, lineOf, separator = '' }: EntryLines,
  turns: Turns,
  add: (text: string, entries: readonly ListEntry[]) => void,
): Promise<void> {
  const end = `${separator}\n`;
  let left = entries.length;
  await inTurns(entries, turns, (some) => {
    left -= some.length;
    add(some.map(lineOf).join(end) + (left === 0 ? '\n' : end), some);
  });
}

/** Instants as the eight bytes that they are: to write a hundred thousand of them in digits takes longer than all the rest. */
function hashInstants(hash: Hash, entries: readonly ListEntry[]): void {
  hash.update(entries.map(({ network }) => network).join(' '));
  hash.update(new Float64Array(entries.map(({ endsAt }) => endsAt)));
}

function digest(hash: Hash): string {
  return hash.digest('base64url').slice(0, 22);
}
