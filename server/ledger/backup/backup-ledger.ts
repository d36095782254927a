import { closeSync, openSync, rmSync } from 'node:fs';
import { copyLedger } from '../copy-ledger.ts';
import { openToCopy } from '../database.ts';
import { type CopyFacts, checkCopy } from './check-copy.ts';

/**
 * Copies a ledger as it is at one instant, with all keys, into a new file for its owner alone; a server may go on writing meanwhile. The
 * copy is durable, and was checked, when this resolves.
 *
 * @param file that is there
 * @throws Error, with code EEXIST when there is a file already; then nothing is changed, else nothing is left behind
 */
export async function backupLedger(file: string, target: string): Promise<CopyFacts> {
  closeSync(openSync(target, 'wx', 0o600));
  try {
    const database = await openToCopy(file);
    try {
      await copyLedger(database, target);
    } finally {
      database.close();
    }
    return await checkCopy(target);
  } catch (error) {
    rmSync(target, { force: true });
    throw error;
  }
}
