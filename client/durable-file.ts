import { open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAbsent } from '../shared/host/absent-file.ts';
import { atPath } from '../shared/host/at-path.ts';

/**
 * Replaces a file as a whole: whoever reads it, also after a loss of power, finds the old text or the new one. The new one
 * has mode 0600 from its first byte on, also where the old one had a wider one.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', 0o600);
  try {
    await atPath(draft, () => file.writeFile(text));
    await atPath(draft, () => file.datasync());
  } finally {
    await file.close();
  }
  await rename(draft, path);
  await syncDirectory(dirname(path));
}

/** A new name in a folder is only durable once the folder itself is written. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
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
