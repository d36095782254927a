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
  const body = Buffer.concat(await piecesOf(format.lines(list, query), rest));
  if (format.endsIn !== 'seconds') return { body, tag: `"${digest(createHash('sha256').update(body))}"` };
  const hash = createHash('sha256');
  for (const piece of await piecesOf(instantLines(list), rest)) hash.update(piece);
  return { body, tag: `W/"${digest(hash)}"` };
}

function digest(hash: Hash): string {
  return hash.digest('base64url').slice(0, 22);
}

function* instantLines({ entries, isPaused }: List): Generator<string> {
  yield String(isPaused);
  for (const { network, endsAt } of entries) yield `${network} ${endsAt}`;
}

async function piecesOf(lines: Iterable<string>, rest: Rest): Promise<Buffer[]> {
  const pieces: Buffer[] = [];
  let piece = '';
  let count = 0;
  const finish = (): void => {
    pieces.push(Buffer.from(piece));
    piece = '';
    count = 0;
  };
  await inTurns(lines, rest, (line) => {
    piece += `${line}\n`;
    count += 1;
    if (count === linesPerPiece) finish();
  });
  finish();
  return pieces;
}
