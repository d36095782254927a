import { readIfPresent } from '../shared/host/absent-file.ts';
import { exchangeFile } from '../shared/host/durable-file.ts';
import { parseObject } from '../shared/sealed-channel.ts';
import { Serial } from '../shared/serial.ts';
import { decodeLine, encodeLine } from './outbox/checked-line.ts';

/** What a cursor file says: up to which number one server has acknowledged a stream. */
export interface Cursor {
  readonly stream: string;
  readonly number: number;
}

/**
 * `unknown`: there is none, or a loss of power has left it empty, or the agent of before this checksum wrote it. Events
 * are sent again then, which harms nothing.
 */
export type ReadCursor =
  | { readonly kind: 'known'; readonly cursor: Cursor }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'damaged' };

/** @throws Error of the file system */
export async function readCursor(path: string): Promise<ReadCursor> {
  const text = ((await readIfPresent(path)) ?? '').replace(/[\0\n]+$/, '');
  // `{"stream":…,"number":…}` without a checksum: whether a digit is still the one that was written, nobody knows.
  if (text === '' || parseObject(text) !== undefined) return { kind: 'unknown' };
  const { stream, number } = decodeLine(text) ?? {};
  if (typeof stream !== 'string' || typeof number !== 'number' || !Number.isSafeInteger(number))
    return { kind: 'damaged' };
  return { kind: 'known', cursor: { stream, number } };
}

/**
 * Notes up to which number one server has acknowledged a stream. Not synced to disk: a lost last write only means that
 * events are sent again, which the server answers with `repeated`.
 */
export class CursorFile {
  readonly #path: string;
  readonly #writes = new Serial();
  #written: Cursor | undefined;
  #lastWrite: Promise<void> = Promise.resolve();

  /** @param written what the file says; undefined: nothing */
  constructor(path: string, written: Cursor | undefined) {
    this.#path = path;
    this.#written = written;
  }

  /** Notes it; resolves when the file says so. @throws Error of the file system; the next call writes anew */
  advance(cursor: Cursor): Promise<void> {
    if (cursor.number === this.#written?.number && cursor.stream === this.#written.stream) return this.#lastWrite;
    this.#written = cursor;
    this.#lastWrite = this.#writes.inTurn(() => this.#write(cursor));
    return this.#lastWrite;
  }

  async #write(cursor: Cursor): Promise<void> {
    try {
      await exchangeFile(this.#path, encodeLine(cursor));
    } catch (error) {
      this.#written = undefined;
      throw error;
    }
  }
}
