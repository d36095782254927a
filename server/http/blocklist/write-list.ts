import { createHash, type Hash } from 'node:crypto';
import type { Arguments } from '../parameter.ts';
import type { Format, List } from './format.ts';
import { inTurns, type Rest } from './in-turns.ts';

/** Lines of which one piece is made, so that the whole is never one text besides its bytes. */
const linesPerPiece = 4_000;

/**
 * The text of a list, with its tag for `ETag`. Where seconds stand in it the text changes with each second, and the tag is a
 * weak one, of what is blocked until when.
 */
export async function writeList(
  format: Format,
  list: List,
  { query, rest }: { readonly query: Arguments; readonly rest: Rest },
): Promise<{ readonly body: Buffer; readonly tag: string }> {
  const pieces: Buffer[] = [];
  const hash = createHash('sha256');
  const isTagged = format.endsIn !== 'seconds';
  await inPieces(format.lines(list, query), rest, (piece) => {
    pieces.push(piece);
    if (isTagged) hash.update(piece);
  });
  if (!isTagged) await inPieces(instantLines(list), rest, (piece) => void hash.update(piece));
  return { body: Buffer.concat(pieces), tag: `${isTagged ? '' : 'W/'}"${digest(hash)}"` };
}

function digest(hash: Hash): string {
  return hash.digest('base64url').slice(0, 22);
}

function* instantLines({ entries, isPaused }: List): Generator<string> {
  yield String(isPaused);
  for (const { network, endsAt } of entries) yield `${network} ${endsAt}`;
}

async function inPieces(lines: Iterable<string>, rest: Rest, take: (piece: Buffer) => void): Promise<void> {
  let piece = '';
  let count = 0;
  await inTurns(lines, rest, (line) => {
    piece += `${line}\n`;
    count += 1;
    if (count % linesPerPiece !== 0) return;
    take(Buffer.from(piece));
    piece = '';
  });
  take(Buffer.from(piece));
}
