import { createHash, type Hash } from 'node:crypto';
import type { List } from './format.ts';
import type { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';

/** What `ETag` says of a list, found while it is written. */
export interface ListTag {
  /** The lines of these have been written. */
  readonly add: (some: readonly ListEntry[]) => void;
  /** All has been written. */
  readonly end: () => string;
}

/** Of the text, byte by byte. */
export function strongTag(lines: LineBytes): ListTag {
  const hash = createHash('sha256');
  let hashed = 0;
  const add = (): void => {
    hash.update(lines.from(hashed));
    hashed = lines.length;
  };
  return {
    add,
    end: () => {
      add();
      return `"${digest(hash)}"`;
    },
  };
}

/**
 * Of what is blocked until when, for a text that changes with each second. Instants are taken as the eight bytes that they
 * are: to write a hundred thousand of them in digits takes longer than all the rest.
 *
 * @param most entries that are added at once
 */
export function weakTag({ isPaused }: List, most: number): ListTag {
  const hash = createHash('sha256').update(String(isPaused));
  const ends = new Float64Array(most);
  return {
    add: (some) => {
      for (const [at, { endsAt }] of some.entries()) ends[at] = endsAt;
      hash.update(some.map(({ network }) => network).join(' '));
      hash.update(ends.subarray(0, some.length));
    },
    end: () => `W/"${digest(hash)}"`,
  };
}

function digest(hash: Hash): string {
  return hash.digest('base64url').slice(0, 22);
}
