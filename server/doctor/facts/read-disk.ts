import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describeError } from '../../../shared/errors.ts';

/** The room that the ledger has. */
export type DiskFacts =
  | { readonly kind: 'unreadable'; readonly folder: string; readonly reason: string }
  | { readonly kind: 'read'; readonly folder: string; readonly freeBytes: number; readonly totalBytes: number };

export async function readDisk(database: string): Promise<DiskFacts> {
  const folder = dirname(database);
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { kind: 'read', folder, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
  } catch (error) {
    return { kind: 'unreadable', folder, reason: describeError(error) };
  }
}
