import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAbsent } from './absent-file.ts';
import { atPath } from './at-path.ts';

/**
 * Replaces a file as a whole: whoever reads it, also after a loss of power, finds the old text or the new one. The new one
 * has mode 0600 from its first byte on, also where the old one had a wider one.
 *
 * @throws Error that names the file; the old text stands, unless only the folder could not be synced
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await exchange(path, text, (draft) => draft.datasync());
  await syncDirectory(dirname(path));
}

/** The same without a sync: a loss of power may leave the old text or nothing, a kill of the program the old or the new one. */
export function exchangeFile(path: string, text: string): Promise<void> {
  return exchange(path, text, () => Promise.resolve());
}

/** Writes at the end of a file, which is made when missing; both are durable when it returns. @throws Error that names the file */
export async function appendDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    const { size } = await file.stat();
    await atPath(path, () => file.writeFile(text));
    await atPath(path, () => file.datasync());
    // It may have been made just now.
    if (size === 0) await syncDirectory(dirname(path));
  } finally {
    await file.close();
  }
}

/** Takes a file away; one that is not there is no fault. @throws Error of the file system */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** Puts a file that cannot be used out of the way, as `NAME.damaged`. @throws Error of the file system */
export async function putAside(path: string): Promise<void> {
  await rename(path, `${path}.damaged`);
}

async function exchange(path: string, text: string, settle: (draft: FileHandle) => Promise<void>): Promise<void> {
  const draft = `${path}.new`;
  try {
    await writeDraft(draft, text, settle);
    await rename(draft, path);
  } catch (error) {
    // On a full disk its bytes are what the next try needs.
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function writeDraft(draft: string, text: string, settle: (draft: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(draft, 'w', 0o600);
  try {
    await atPath(draft, () => file.writeFile(text));
    await atPath(draft, () => settle(file));
  } finally {
    await file.close();
  }
}

/** A new name in a folder is only durable once the folder itself is written. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await atPath(path, () => directory.sync());
  } finally {
    await directory.close();
  }
}

/** Bytes of a file, 0 when there is none. */
export async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isAbsent(error)) return 0;
    throw error;
  }
}
