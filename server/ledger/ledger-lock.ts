import { configError, describeError } from '../../shared/errors.ts';
import { isDatabaseError, openDatabase } from './database.ts';

/**
 * Keeps a second server off the same ledger: both would give the same sequence numbers, and each would be blind to the
 * other's bans. The lock is SQLite's own, on a file beside the ledger, so it ends with the process, however that ends, and
 * `sqlite3` may still open the ledger itself.
 *
 * @returns lets it go
 * @throws ConfigError when another server has it
 */
export async function lockLedger(file: string): Promise<() => void> {
  const lock = await openDatabase(`${file}.lock`);
  try {
    await lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isDatabaseError(error)) throw error;
    throw configError(file, '[server] database', `another server uses it: ${describeError(error)}`, error);
  }
  return () => lock.close();
}
