import type { Clock } from '../../../shared/clock.ts';
import { version as programVersion } from '../../../shared/version.ts';
import { copyLedger } from '../copy-ledger.ts';
import type { Database } from '../database.ts';
import { firstVersion } from '../schema.ts';
import type { Migration } from './migration.ts';

/** The version that the last of the migrations makes. */
export function versionAfter(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.version ?? firstVersion;
}

/**
 * Carries out the migrations that a file lacks, each in a transaction of its own. When one fails, the file is as it was before that
 * one, and whole.
 *
 * @param version of the file
 * @throws Error that names the migration
 */
export async function migrate(database: Database, version: number, migrations: readonly Migration[]): Promise<void> {
  let reached = version;
  for (const migration of migrations.filter((each) => each.version > version)) {
    await migrateOnce(database, migration).catch((cause: unknown) => {
      throw new Error(`the change to version ${migration.version} failed, and it stays at version ${reached}`, {
        cause,
      });
    });
    reached = migration.version;
  }
}

async function migrateOnce(database: Database, { version, change }: Migration): Promise<void> {
  await database.exec('BEGIN IMMEDIATE');
  try {
    await change(database);
    // An older release that is handed this file can say which one it takes.
    await database.exec(`INSERT OR REPLACE INTO setting VALUES ('program', '${programVersion}')`);
    await database.exec(`PRAGMA user_version = ${version}`);
    await database.exec('COMMIT');
  } catch (error) {
    // SQLite itself ends the transaction on a full disk.
    if (database.inTransaction) await database.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Keeps the file as it is, with what stands in SQLite's log, beside itself as `ledger.db.version-1.2026-01-31`. A second one of the
 * same day takes the first one's place: a start that fails again and again must not fill the disk.
 */
export async function keepCopy(database: Database, file: string, version: number, clock: Clock): Promise<void> {
  const day = new Date(clock.now()).toISOString().slice(0, 10);
  await copyLedger(database, `${file}.version-${version}.${day}`);
}
