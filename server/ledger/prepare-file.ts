import type { Clock } from '../../shared/clock.ts';
import { type ConfigError, configError } from '../../shared/errors.ts';
import { version as programVersion } from '../../shared/version.ts';
import { asBytes, asRow, text } from './cells.ts';
import { type Database, isDatabaseError, makeDurable } from './database.ts';
import { LedgerError } from './ledger.ts';
import { keepCopy, migrate, versionAfter } from './migrations/migrate.ts';
import type { Migration } from './migrations/migration.ts';
import { applicationId, firstVersion, schema } from './schema.ts';

/** What a file is prepared with. */
export interface Preparation {
  readonly file: string;
  readonly clock: Clock;
  readonly migrations: readonly Migration[];
}

/**
 * Makes an open file one that this program can use: an empty one gets its tables, an older one is migrated, with a copy beside it.
 * Looks whose file it is before anything is changed in it.
 *
 * @throws ConfigError when it is another program's, of a newer version, or damaged; Error of SQLite
 */
export async function prepareFile(database: Database, preparation: Preparation): Promise<void> {
  const { file, clock, migrations } = preparation;
  const version = await readVersion(database, preparation);
  await makeDurable(database);
  if (version === undefined) await database.exec(`BEGIN; ${schema} COMMIT;`);
  await checkIntegrity(database, file);
  const current = versionAfter(migrations);
  if (version !== undefined && version < current) await keepCopy(database, file, version, clock);
  await migrate(database, version ?? firstVersion, migrations);
  // A file on a read-only disk opens well; only writing shows it.
  await database.exec(`PRAGMA user_version = ${current}`);
}

/** @returns undefined for an empty file. @throws ConfigError when it is another program's, or of a newer version */
export async function readVersion(
  database: Database,
  { file, migrations }: Omit<Preparation, 'clock'>,
): Promise<number | undefined> {
  const owner = await readPragma(database, 'application_id');
  const version = Number(await readPragma(database, 'user_version'));
  if (owner === 0 && version === 0 && (await isEmpty(database))) return undefined;
  if (owner !== applicationId) throw unusable(file, 'belongs to another program');
  const current = versionAfter(migrations);
  if (version > current) {
    const here = `this one is ${programVersion}, which reads up to version ${current}`;
    throw unusable(file, `is of version ${version}: ${await describeNeed(database)}; ${here}`);
  }
  if (version < firstVersion) throw unusable(file, `is of version ${version}, which no release wrote`);
  return version;
}

async function describeNeed(database: Database): Promise<string> {
  return `it needs ${(await readProgram(database)) ?? 'the fail2networkban that made it'} or newer`;
}

/** @returns the release that made the file's form, as far as it is told where we look */
async function readProgram(database: Database): Promise<string | undefined> {
  try {
    const row = (await database.prepare(`SELECT ${asBytes('value')} FROM setting WHERE name = 'program'`)).get();
    return row === undefined ? undefined : `fail2networkban ${text(asRow(row), 'value')}`;
  } catch (error) {
    if (isDatabaseError(error) || error instanceof LedgerError) return undefined;
    throw error;
  }
}

async function isEmpty(database: Database): Promise<boolean> {
  return (await database.prepare('SELECT 1 FROM sqlite_schema')).get() === undefined;
}

/** @throws ConfigError when its pages are damaged */
export async function checkIntegrity(database: Database, file: string): Promise<void> {
  // As bytes: it names what it finds, which may be no text any more.
  const statement = await database.prepare('SELECT CAST(quick_check AS BLOB) AS found FROM pragma_quick_check');
  const found = text(asRow((await statement.all())[0]), 'found');
  if (found !== 'ok') throw unusable(file, `is damaged: ${found}`);
}

/** The first row of what a pragma says. */
async function readPragma(database: Database, pragma: string): Promise<unknown> {
  const [row] = await (await database.prepare(`PRAGMA ${pragma}`)).all();
  return typeof row === 'object' && row !== null ? Object.values(row)[0] : undefined;
}

/** The file of a ledger cannot be used, and the operator must act. */
export function unusable(file: string, reason: string, cause?: unknown): ConfigError {
  return configError(file, '[server] database', reason, cause);
}
