import type { Clock } from '../../../shared/clock.ts';
import { copyLedger } from '../copy-ledger.ts';
import type { Database } from '../database.ts';
import { readId, readWrittenSequence } from '../read-rows.ts';
import { type Evidence, type FoundLoss, findLosses } from './find-losses.ts';
import { IdentityRows, makeIdentity } from './identity.ts';
import type { LastCommit, LastCommitFile } from './last-commit-file.ts';
import { readSeal, type Seal, SealWriter } from './seal.ts';
import { takeReports, takeStock } from './take-stock.ts';

/**
 * Holds what a ledger has against its digests, its seal and the note of its last commit. What is found to be lost or damaged is written down, taken out
 * of what stands, and sealed anew, so that it is found once; the file as it was found is kept beside as `ledger.db.damaged.DAY`.
 *
 * @returns the seal that holds now
 * @throws Error of SQLite or of the file system
 */
export async function checkLedger(
  database: Database,
  { file, note, clock }: { readonly file: string; readonly note: LastCommitFile; readonly clock: Clock },
): Promise<Seal> {
  await mendIdentity(database, file, clock);
  await tellTrouble(database, note, clock);
  const evidence = await readEvidence(database, note.last);
  const losses = findLosses(evidence);
  if (losses.length === 0 && evidence.seal !== undefined) return evidence.seal;
  if (evidence.stock.damaged.length > 0 || evidence.seal === undefined) await keepAsFound(database, file, clock);
  return await inTransaction(database, () => settle(database, { evidence, losses, at: clock.now() }));
}

async function keepAsFound(database: Database, file: string, clock: Clock): Promise<void> {
  const day = new Date(clock.now()).toISOString().slice(0, 10);
  await copyLedger(database, `${file}.damaged.${day}`);
}

/** A start after the other does not say it twice. */
async function tellTrouble(database: Database, { trouble }: LastCommitFile, clock: Clock): Promise<void> {
  if (trouble === undefined) return;
  const known = (await database.prepare('SELECT 1 FROM loss WHERE text = ?')).get(trouble);
  if (known === undefined)
    await inTransaction(database, () =>
      writeLosses(database, [{ about: 'note', text: trouble, holdsBack: false }], clock.now()),
    );
}

/** First of all, for the seal is made with the id. */
async function mendIdentity(database: Database, file: string, clock: Clock): Promise<void> {
  const rows = await IdentityRows.prepare(database);
  const fresh = await makeIdentity(database);
  if (rows.isWhole) return;
  await keepAsFound(database, file, clock);
  await inTransaction(database, () =>
    writeLosses(database, [{ about: 'identity', text: rows.mend(fresh), holdsBack: false }], clock.now()),
  );
}

/** @param last undefined: nothing beside the file is looked at */
export async function readEvidence(database: Database, last: LastCommit | undefined): Promise<Evidence> {
  const ledgerId = await readId(database);
  const writer = await SealWriter.prepare(database, ledgerId);
  return {
    ledgerId,
    sequence: await readWrittenSequence(database),
    seal: await readSeal(database, ledgerId),
    othersSum: writer.sumOthers(),
    stock: await takeStock(database),
    last,
  };
}

interface Settlement {
  readonly evidence: Evidence;
  readonly losses: readonly FoundLoss[];
  readonly at: number;
}

/** Numbers of changes that are lost are not given again. Runs inside a transaction. */
async function settle(database: Database, { evidence, losses, at }: Settlement): Promise<Seal> {
  const { ledgerId, sequence, seal, stock, last } = evidence;
  const own = last?.ledgerId === ledgerId ? last : undefined;
  for (const { takeOut } of stock.damaged) await takeOut();
  await writeLosses(database, losses, at);
  const next = {
    commits: Math.max(seal?.commits ?? 0, own?.commits ?? 0) + 1,
    sequence: Math.max(sequence, seal?.sequence ?? 0, own?.sequence ?? 0),
    at,
  };
  // A number whose entry is lost counts as given, as one whose entry was pruned does.
  await database.exec(`INSERT OR REPLACE INTO setting VALUES ('sequence', '${next.sequence}')`);
  return await sealAgain(database, next);
}

/** All or nothing. */
async function inTransaction<T>(database: Database, work: () => Promise<T>): Promise<T> {
  await database.exec('BEGIN IMMEDIATE');
  try {
    const result = await work();
    await database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite itself ends the transaction on a full disk.
    if (database.inTransaction) await database.exec('ROLLBACK');
    throw error;
  }
}

/** Seals what the tables hold now, inside the caller's transaction. */
export async function sealAgain(database: Database, last: Pick<Seal, 'commits' | 'sequence' | 'at'>): Promise<Seal> {
  const writer = await SealWriter.prepare(database, await readId(database));
  const { reports } = await takeReports(database);
  const seal = { ...last, reports, others: writer.sumOthers() };
  writer.write(seal);
  return seal;
}

async function writeLosses(database: Database, losses: readonly FoundLoss[], at: number): Promise<void> {
  const statement = await database.prepare('INSERT INTO loss (found_at, about, text, holds_back) VALUES (?, ?, ?, ?)');
  for (const { about, text, holdsBack } of losses) statement.run(at, about, text, Number(holdsBack));
}
