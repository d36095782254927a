import { chownSync, copyFileSync, existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode } from '../../../shared/errors.ts';
import { syncToDisk } from '../copy-ledger.ts';
import { isDatabaseError, moveLogIntoFile, openDatabase } from '../database.ts';
import { lockLedger } from '../ledger-lock.ts';
import { type CopyFacts, checkCopy } from './check-copy.ts';

export interface Restoring {
  /** The copy; it stays where it is. */
  readonly copy: string;
  /** The ledger whose place it takes. */
  readonly file: string;
  /** What the name of the ledger that was there ends in. */
  readonly stamp: string;
}

export interface Restored extends CopyFacts {
  /** Where the ledger is that was there before; undefined: there was none. */
  readonly kept: string | undefined;
}

/** What SQLite lays beside a file. */
const parts = ['', '-wal', '-shm'] as const;

/**
 * Puts a copy into the ledger's place, and keeps beside it what was there. The copy keeps its id; what was written after it was made is
 * found to be lost at the next start, by the note of the last commit, which stays.
 *
 * @throws ConfigError when a server runs on the ledger, or the copy is none or damaged; then all is as it was
 */
export async function restoreLedger({ copy, file, stamp }: Restoring): Promise<Restored> {
  const unlock = await lockLedger(file);
  const draft = `${file}.restoring`;
  try {
    giveToOwner(`${file}.lock`, file);
    const facts = await checkCopy(copy);
    removeParts(draft);
    copyFileSync(copy, draft);
    giveToOwner(draft, file);
    // Once more: of what was read the first time nothing says that it was copied as it is.
    await checkCopy(draft);
    removeParts(draft, '-wal', '-shm');
    syncToDisk(draft);
    const kept = existsSync(file) ? await putAside(file, `${file}.replaced.${stamp}`) : undefined;
    renameSync(draft, file);
    syncToDisk(dirname(file));
    return { ...facts, kept };
  } finally {
    removeParts(draft);
    unlock();
  }
}

/**
 * Keeps the ledger under a second name until the copy takes its place: whenever this is broken off, one of the two stands there. Should
 * its log not go into the file, that is put aside, too.
 */
async function putAside(file: string, aside: string): Promise<string> {
  await moveLog(file);
  nameTwice(file, aside);
  for (const part of ['-wal', '-shm'])
    if (existsSync(`${file}${part}`)) renameSync(`${file}${part}`, `${aside}${part}`);
  return aside;
}

/** Some file systems know no second name. */
function nameTwice(file: string, aside: string): void {
  try {
    linkSync(file, aside);
  } catch (error) {
    if (!(hasCode(error, 'EPERM') || hasCode(error, 'ENOTSUP'))) throw error;
    copyFileSync(file, aside);
    syncToDisk(aside);
  }
}

/** A ledger that is damaged is put aside as it is. */
async function moveLog(file: string): Promise<void> {
  const database = await openDatabase(file);
  try {
    await moveLogIntoFile(database);
  } catch (error) {
    if (!isDatabaseError(error)) throw error;
  } finally {
    database.close();
  }
}

function removeParts(file: string, ...which: readonly string[]): void {
  for (const part of which.length === 0 ? parts : which) rmSync(`${file}${part}`, { force: true });
}

/** Root restores for the user whose folder it is. */
function giveToOwner(path: string, ledger: string): void {
  const { uid, gid } = statSync(dirname(ledger));
  const own = statSync(path);
  if (own.uid !== uid || own.gid !== gid) chownSync(path, uid, gid);
}
