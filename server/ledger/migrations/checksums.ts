import { asRow, integer } from '../cells.ts';
import { sealAgain } from '../integrity/check-ledger.ts';
import { digestAll, digestReports } from '../integrity/digest-all.ts';
import { readWrittenSequence } from '../read-rows.ts';
import type { Migration } from './migration.ts';

/**
 * Each row that decides something gets a digest, and each commit a seal over all of them; `loss` is what was found to be lost, until
 * the operator accepts it. What stands now counts as whole.
 */
export const checksums: Migration = {
  version: 4,
  change: async (database) => {
    await database.exec(`
ALTER TABLE history ADD COLUMN digest INTEGER;
ALTER TABLE whitelist ADD COLUMN digest INTEGER;
ALTER TABLE client ADD COLUMN digest INTEGER;
ALTER TABLE client_key ADD COLUMN digest INTEGER;
ALTER TABLE stream ADD COLUMN digest INTEGER;
CREATE TABLE seal (
  one INTEGER PRIMARY KEY, commits INTEGER NOT NULL, at INTEGER NOT NULL, sequence INTEGER NOT NULL,
  report_count INTEGER NOT NULL, report_sum INTEGER NOT NULL, others INTEGER NOT NULL, digest INTEGER NOT NULL
);
CREATE TABLE loss (found_at INTEGER NOT NULL, text TEXT NOT NULL);
`);
    await digestReports(database);
    await digestAll(database, ['whitelist', 'client', 'client_key', 'stream']);
    const at = integer(asRow((await database.prepare('SELECT ifnull(max(at), 0) AS at FROM history')).get()), 'at');
    await sealAgain(database, { commits: 0, sequence: await readWrittenSequence(database), at });
  },
};
