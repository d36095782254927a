import type { Database } from '../database.ts';

/** One step of the ledger's form. It is never changed once it was released: what is wrong in it, the next one mends. */
export interface Migration {
  /** `PRAGMA user_version` afterwards: one more than before. */
  readonly version: number;
  /** Runs inside the caller's transaction. @throws Error of SQLite, and nothing of it is written */
  readonly change: (database: Database) => Promise<unknown>;
}
