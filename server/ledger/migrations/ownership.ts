import type { Migration } from './migration.ts';

/** Without the letters and digits that are easily taken for others. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const oneOfThem = `substr('${alphabet}', 1 + abs(random() % ${alphabet.length}), 1)`;

/**
 * The ids in the marks of this ledger's entries in firewalls, separated by commas: its own first, four of 31 characters, so that
 * two servers of one cluster have the same once in 900,000; then those of lost ledgers whose entries it took over.
 */
export const ownership: Migration = {
  version: 3,
  change: (database) =>
    database.exec(`INSERT INTO setting VALUES ('marks', ${Array.from({ length: 4 }, () => oneOfThem).join(' || ')})`),
};
