import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../shared/host/absent-file.ts';

/** What lies in the spool and is not taken over yet. */
export interface Unread {
  readonly bytes: number;
  /** When the oldest file that has some of it was made, milliseconds since the epoch. */
  readonly sinceAt: number;
}

/** @param offsetOf how much of a file is taken over; undefined for a file that is none of the queue's */
export async function readUnread(
  spool: string,
  offsetOf: (name: string) => number | undefined,
): Promise<Unread | undefined> {
  let unread: Unread | undefined;
  for (const name of await namesIn(spool)) {
    const offset = offsetOf(name);
    const file = offset === undefined ? undefined : await look(join(spool, name));
    if (offset === undefined || file === undefined || file.bytes <= offset) continue;
    const { bytes = 0, sinceAt = file.sinceAt } = unread ?? {};
    unread = { bytes: bytes + file.bytes - offset, sinceAt: Math.min(sinceAt, file.sinceAt) };
  }
  return unread;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Undefined for a file that has gone meanwhile. */
async function look(path: string): Promise<Unread | undefined> {
  try {
    const { size, birthtimeMs, mtimeMs } = await stat(path);
    // Not every file system keeps the time of birth.
    return { bytes: size, sinceAt: birthtimeMs > 0 ? birthtimeMs : mtimeMs };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}
