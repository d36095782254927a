import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A ledger as the last release without migrations left it, with something of all that it can hold. */
const dump = readFileSync(
  fileURLToPath(new URL('../../../../../test/server/ledger/migrations/version-1.sql', import.meta.url)),
);

/** Makes that ledger in a new file. */
export function makeVersionOne(file: string): void {
  execFileSync('sqlite3', ['-bail', file], { input: dump });
}
