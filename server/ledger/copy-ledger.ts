import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from './database.ts';

/**
 * Copies a whole ledger, with what stands in SQLite's log, into one file for its owner alone: it holds keys. The file is durable when
 * this resolves; one of the same name is replaced by the whole copy or stays.
 *
 * @throws Error of SQLite or of the file system; nothing is left behind
 */
export async function copyLedger(database: Database, target: string): Promise<void> {
  const unfinished = `${target}.unfinished`;
  rmSync(unfinished, { force: true });
  try {
    // SQLite writes into an empty file that is there, which keeps its mode.
    closeSync(openSync(unfinished, 'wx', 0o600));
    await database.exec(`VACUUM INTO '${unfinished.replaceAll("'", "''")}'`);
    syncToDisk(unfinished);
    renameSync(unfinished, target);
    syncToDisk(dirname(target));
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Waits until the disk has a file, or the names in a folder. */
export function syncToDisk(path: string): void {
  const opened = openSync(path, 'r');
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}
