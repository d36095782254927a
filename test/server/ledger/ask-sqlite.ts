import { execFileSync } from 'node:child_process';

/**
 * Has Debian's sqlite3 carry out statements, and gives what it prints. It waits for a lock: a ledger that was just closed
 * may still be written from its log.
 */
export function askSqlite(file: string, ...statements: readonly string[]): string {
  const words = ['-bail', '-cmd', '.timeout 60000', file, ...statements];
  return execFileSync('sqlite3', words, { encoding: 'utf8' }).trim();
}
