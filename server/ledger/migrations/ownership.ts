import { newMark } from '../integrity/identity.ts';
import type { Migration } from './migration.ts';

/**
 * The ids in the marks of this ledger's entries in firewalls, separated by commas: its own first; then those of lost ledgers whose
 * entries it took over.
 */
export const ownership: Migration = {
  version: 3,
  change: (database) => database.exec(`INSERT INTO setting VALUES ('marks', ${newMark})`),
};
