import type { Migration } from './migration.ts';

/**
 * What must not be banned, so that a start without an answer protects as before: what each source said last, and where each
 * host was last. A source that was read and named nothing stands in `protected_source` alone.
 */
export const protection: Migration = {
  version: 2,
  change: (database) =>
    database.exec(`
CREATE TABLE protected_source (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE protected (source TEXT NOT NULL, network TEXT NOT NULL, PRIMARY KEY (source, network)) WITHOUT ROWID;
CREATE TABLE host_address (
  client TEXT NOT NULL, address TEXT NOT NULL, key TEXT NOT NULL, seen_at INTEGER NOT NULL, PRIMARY KEY (client, address)
) WITHOUT ROWID;
`),
};
