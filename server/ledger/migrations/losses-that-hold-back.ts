import type { Migration } from './migration.ts';

/** Whether something that protected from bans may be in what is lost: then new bans wait until it is accepted. */
export const lossesThatHoldBack: Migration = {
  version: 6,
  change: (database) => database.exec('ALTER TABLE loss ADD COLUMN holds_back INTEGER NOT NULL DEFAULT 0'),
};
