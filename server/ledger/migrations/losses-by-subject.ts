import type { Migration } from './migration.ts';

/** What a loss is of: what follows from it, and what helps, differs. */
export const lossesBySubject: Migration = {
  version: 7,
  change: (database) => database.exec("ALTER TABLE loss ADD COLUMN about TEXT NOT NULL DEFAULT 'record'"),
};
