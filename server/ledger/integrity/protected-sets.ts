import { asRow, type Row } from '../cells.ts';
import type { Database } from '../database.ts';
import { digestOf } from './digests.ts';
import type { DamagedRow } from './take-stock.ts';

/** Of all that a source said, in any order: a network that is missing counts as much as one that was changed. */
export function digestOfSet(source: string, networks: readonly string[]): number {
  return digestOf([], [source, ...new Set([...networks].sort())]);
}

/** A source by the bytes of its name in hexadecimal, which may be no text any more, with what it said. */
type Sets = ReadonlyMap<string, readonly string[]>;

/** Gives each source its digest, as it is now, inside the caller's transaction. */
export async function digestSets(database: Database): Promise<void> {
  const sets = await readSets(database);
  const update = await database.prepare('UPDATE protected_source SET digest = ? WHERE hex(name) = ?');
  for (const { name } of await readNames(database, 'hex(name) AS name'))
    update.run(digestOfSet(textOf(name), sets.get(name) ?? []), name);
}

/**
 * Sources whose set is not as it was written. Such a source counts as never read, so that nothing comes into force until it was
 * read again.
 */
export async function damagedSets(database: Database): Promise<DamagedRow[]> {
  const sets = await readSets(database);
  const sources = await readNames(database, 'hex(name) AS name, digest');
  const damaged = sources.filter(({ name, row }) => row['digest'] !== digestOfSet(textOf(name), sets.get(name) ?? []));
  const known = new Set(sources.map(({ name }) => name));
  const strays = [...sets.keys()].filter((name) => !known.has(name));
  return [...damaged.map(({ name }) => name), ...strays].map((name) => ({
    // Bans wait for any other source, which counts as never read; what a host offers comes back only with the host.
    protects: textOf(name).startsWith('host/'),
    text: `what must not be banned by the source ${shown(name)}`,
    takeOut: () =>
      database.exec(`DELETE FROM protected WHERE hex(source) = '${name}';
DELETE FROM protected_source WHERE hex(name) = '${name}'`),
  }));
}

async function readSets(database: Database): Promise<Sets> {
  const sets = new Map<string, string[]>();
  const statement = await database.prepare('SELECT hex(source) AS source, hex(network) AS network FROM protected');
  for (const row of (await statement.all()).map(asRow)) {
    const source = String(row['source']);
    const networks = sets.get(source) ?? [];
    networks.push(textOf(String(row['network'])));
    sets.set(source, networks);
  }
  return sets;
}

async function readNames(database: Database, columns: string): Promise<{ readonly name: string; readonly row: Row }[]> {
  const rows = await (await database.prepare(`SELECT ${columns} FROM protected_source`)).all();
  return rows.map(asRow).map((row) => ({ name: String(row['name']), row }));
}

function textOf(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8');
}

function shown(hex: string): string {
  return JSON.stringify(textOf(hex)).slice(1, -1).slice(0, 80);
}
