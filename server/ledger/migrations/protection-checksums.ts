import { digestAll } from '../integrity/digest-all.ts';
import { IdentityRows } from '../integrity/identity.ts';
import { digestSets } from '../integrity/protected-sets.ts';
import type { Migration } from './migration.ts';

/** What protects from bans, and by what the ledger is known, get checksums too. What stands now counts as whole. */
export const protectionChecksums: Migration = {
  version: 5,
  change: async (database) => {
    await database.exec(`
ALTER TABLE protected_source ADD COLUMN digest INTEGER;
ALTER TABLE host_address ADD COLUMN digest INTEGER;
`);
    await digestAll(database, ['host_address']);
    await digestSets(database);
    (await IdentityRows.prepare(database)).copy();
  },
};
