import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReadCursor, readCursor } from '../cursor-file.ts';
import { type Recovered, readJournal } from './read-journal.ts';

/** What the files in the state folder say together. */
export interface Recovery {
  readonly journal: Recovered;
  /** Up to which number each server has acknowledged, in the numbers of the journal. */
  readonly acknowledged: ReadonlyMap<string, number>;
  /** What is wrong with the files, a sentence each: what is lost, from when. */
  readonly damage: readonly string[];
}

const nothing: Recovered = {
  ...{
    stream: undefined,
    isTrusted: false,
    nextNumber: 1,
    nextTaken: 1,
    positions: new Map(),
    events: [],
    bytes: 0,
    damage: undefined,
  },
};

export function journalPath(directory: string): string {
  return join(directory, 'journal');
}

export function cursorPath(directory: string, server: string): string {
  return join(directory, `cursor.${server}`);
}

/**
 * Reads journal and cursors, and compares them.
 *
 * | found | then |
 * | --- | --- |
 * | a record of the journal damaged | a new journal with what could be read; what was read from the queue behind it is read again |
 * | a cursor beyond the journal's last number | the journal is older than it should be: a new one with what it holds |
 * | no journal, and a cursor | a new journal |
 * | a cursor damaged, of another stream, or without a checksum | everything is sent again |
 *
 * @param orphans as {@link readJournal} takes it
 * @throws Error of the file system
 */
export async function recover(directory: string, servers: Iterable<string>, orphans: string): Promise<Recovery> {
  const read = await readJournal(journalPath(directory), orphans);
  const journal = read ?? nothing;
  const cursors = new Map<string, ReadCursor>();
  for (const server of servers) cursors.set(server, await readCursor(cursorPath(directory, server)));
  const damage = [
    ...damageOf(journalPath(directory), read, cursors),
    ...Array.from(cursors)
      .filter(([, { kind }]) => kind === 'damaged')
      .map(([server]) => `${cursorPath(directory, server)}: it is damaged: all that the journal holds is sent again`),
  ];
  const acknowledged = new Map(Array.from(cursors, ([server, found]) => [server, numberIn(journal, found)]));
  if (damage.length > 0) await keepAside(journalPath(directory));
  const isTrusted = journal.isTrusted && !isBehind(journal, cursors);
  return { journal: { ...journal, isTrusted }, acknowledged, damage };
}

function damageOf(path: string, read: Recovered | undefined, cursors: ReadonlyMap<string, ReadCursor>): string[] {
  const known = [...cursors.values()].some(({ kind }) => kind !== 'unknown');
  if (read === undefined) return known ? [`${path}: it is not there: what no server had acknowledged is lost`] : [];
  if (read.damage !== undefined) return [`${path}: ${read.damage}`];
  if (!isBehind(read, cursors)) return [];
  const last = read.events.at(-1);
  const since = last === undefined ? 'a time unknown' : new Date(last.acceptedAt).toISOString();
  return [
    `${path}: it is older than it should be: it ends with number ${read.nextNumber - 1}, and a server has acknowledged more; what was taken over since ${since} and not acknowledged is lost`,
  ];
}

/** A server has acknowledged what the journal knows nothing of. */
function isBehind({ stream, nextNumber }: Recovered, cursors: ReadonlyMap<string, ReadCursor>): boolean {
  return [...cursors.values()].some(
    (found) => found.kind === 'known' && found.cursor.stream === stream && found.cursor.number >= nextNumber,
  );
}

/** 0: all that the journal holds is sent. */
function numberIn({ stream, nextNumber }: Recovered, found: ReadCursor): number {
  if (found.kind !== 'known' || found.cursor.stream !== stream) return 0;
  return Math.min(found.cursor.number, nextNumber - 1);
}

/** For a person to look at; one that is not there cannot be kept, and a disk without room must not stop the agent. */
function keepAside(path: string): Promise<void> {
  return copyFile(path, `${path}.damaged`).catch(() => undefined);
}
