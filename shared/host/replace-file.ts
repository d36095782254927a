import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { atPath } from './at-path.ts';

/**
 * Replaces a file as a whole: whoever reads it, also after a loss of power, finds the old text or the new one. The new one
 * has mode 0600 from its first byte on, also where the old one had a wider one.
 *
 * @throws Error that names the file
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  try {
    await writeDraft(draft, text);
    await rename(draft, path);
  } catch (error) {
    // On a full disk its bytes are what the next try needs.
    await rm(draft, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

async function writeDraft(draft: string, text: string): Promise<void> {
  const file = await open(draft, 'w', 0o600);
  try {
    await atPath(draft, () => file.writeFile(text));
    await atPath(draft, () => file.datasync());
  } finally {
    await file.close();
  }
}

/** Takes a file away; one that is not there is no fault. */
export async function removeFile(path: string): Promise<void> {
  await rm(path, { force: true });
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
