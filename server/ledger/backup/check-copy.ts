import { asRow, integer } from '../cells.ts';
import { type Database, openToRead } from '../database.ts';
import { readEvidence } from '../integrity/check-ledger.ts';
import { findLosses } from '../integrity/find-losses.ts';
import { versionAfter } from '../migrations/migrate.ts';
import { migrations } from '../migrations/migrations.ts';
import { checkIntegrity, readVersion, unusable } from '../prepare-file.ts';
import { readDecided, readId } from '../read-rows.ts';

/** What a copy of a ledger holds. */
export interface CopyFacts {
  /** The ledger's id. */
  readonly ledger: string;
  /** The number of the operator's last decision that it has; 0: of none. */
  readonly decided: number;
  readonly reports: number;
  readonly clients: number;
  /** Of the last change in history, milliseconds since the epoch; 0 when there is none. */
  readonly at: number;
}

/**
 * Looks whether a file is a whole ledger that this program can use: whose it is, its version, its pages, and, unless it is of a version
 * that has none, its checksums. Changes nothing.
 *
 * @throws ConfigError that names the file; Error of SQLite
 */
export async function checkCopy(file: string): Promise<CopyFacts> {
  const database = await openToRead(file);
  try {
    const version = await readVersion(database, { file, migrations });
    if (version === undefined) throw unusable(file, 'is empty');
    await checkIntegrity(database, file);
    if (version === versionAfter(migrations)) await checkSums(database, file);
    return await readFacts(database);
  } finally {
    database.close();
  }
}

async function checkSums(database: Database, file: string): Promise<void> {
  const losses = findLosses(await readEvidence(database, undefined));
  if (losses.length > 0) throw unusable(file, `is damaged: ${losses.map(({ text }) => text).join('; ')}`);
}

async function readFacts(database: Database): Promise<CopyFacts> {
  const statement = await database.prepare(
    'SELECT (SELECT count(*) FROM report) AS reports, (SELECT count(*) FROM client) AS clients, ' +
      '(SELECT ifnull(max(at), 0) FROM history) AS at',
  );
  const row = asRow(statement.get());
  return {
    ledger: await readId(database),
    decided: await readDecided(database),
    reports: integer(row, 'reports'),
    clients: integer(row, 'clients'),
    at: integer(row, 'at'),
  };
}
