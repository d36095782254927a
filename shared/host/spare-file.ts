import { stat } from 'node:fs/promises';
import { describeError } from '../errors.ts';
import { removeFile, replaceFile } from './durable-file.ts';

/** Where a text is kept now. */
export type Kept =
  | { readonly kind: 'kept'; readonly file: string }
  /** No file takes it, the last for this reason. */
  | { readonly kind: 'nowhere'; readonly reason: string };

/**
 * Replaces the first file that can be replaced, and takes those behind it away: what they hold is older. Those before it may hold
 * something older still, so whoever reads them needs a sign in the text of which is the newest.
 *
 * @param files the best first; the disk that is full may be the first one's
 */
export async function replaceFirst(files: readonly string[], text: string): Promise<Kept> {
  let reason = 'there is no folder for it';
  for (const [index, file] of files.entries()) {
    const failure = await replaceFile(file, text).then(() => undefined, describeError);
    if (failure === undefined) {
      await removeAll(await othersThan(file, files.slice(index + 1)));
      return { kind: 'kept', file };
    }
    reason = failure;
  }
  return { kind: 'nowhere', reason };
}

/** Takes all of them away, as far as that can be done. @returns why one could not be; undefined: all are gone */
export async function removeAll(files: readonly string[]): Promise<string | undefined> {
  const failures = await Promise.all(files.map((file) => removeFile(file).then(() => undefined, describeError)));
  return failures.find((failure) => failure !== undefined);
}

/** Two folders may be one, also through a link: what was just written must not be taken away as the spare of itself. */
async function othersThan(kept: string, files: readonly string[]): Promise<readonly string[]> {
  const own = await identityOf(kept);
  const identities = await Promise.all(files.map(identityOf));
  return files.filter((_, index) => identities[index] !== own);
}

/** Undefined: it is not there, or cannot be looked at, and so is not what was just written. */
async function identityOf(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found && `${found.dev} ${found.ino}`;
}
