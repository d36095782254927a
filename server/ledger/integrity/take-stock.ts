import { formatInstant } from '../../../shared/instant.ts';
import { asRow, type Row } from '../cells.ts';
import type { Database } from '../database.ts';
import {
  cellsIn,
  type DigestedTable,
  digestedTables,
  digestOfRow,
  hasTextsOf,
  reportSelection,
  selectionOf,
} from './digests.ts';
import { damagedSets } from './protected-sets.ts';
import { addTallies, emptyTally, type Tally } from './seal.ts';

/** What the tables hold, held against the digest of each row. */
export interface Stock {
  /** All reports, by the digests that were written for them. */
  readonly reports: Tally;
  readonly damaged: readonly DamagedRow[];
}

/** A row that is not as it was written. */
export interface DamagedRow {
  /** What it is now, without secrets. */
  readonly text: string;
  /** It protected from bans, and nothing else makes them wait until that is known again. */
  readonly protects: boolean;
  /** Takes it out of what stands. Runs inside the caller's transaction. */
  readonly takeOut: () => Promise<unknown>;
}

export async function takeStock(database: Database): Promise<Stock> {
  const { reports, damaged } = await takeReports(database);
  for (const table of digestedTables) {
    for (const value of await (await database.prepare(selectionOf(table))).all()) {
      const row = asRow(value);
      if (digestOfRow(row) !== row['digest']) damaged.push(damagedEntry(database, table, row));
    }
  }
  return { reports, damaged: [...damaged, ...(await damagedSets(database))] };
}

/** Reports alone. */
export async function takeReports(database: Database) {
  const damaged: DamagedRow[] = [];
  let [count, sum] = [0, 0];
  for (const value of await (await database.prepare(reportSelection)).iterate()) {
    const row = asRow(value);
    count += 1;
    sum += storedDigest(row);
    if (digestOfRow(row) !== row['digest']) damaged.push(damagedReport(database, row));
  }
  return { reports: addTallies(emptyTally, { count, sum }), damaged };
}

/** The widest time that a date can say. */
const timeMax = 8.64e15;

/** An instant as the ledger has it, which may be damaged itself. */
export function safeInstant(at: number): string {
  return Math.abs(at) <= timeMax ? `${formatInstant(at)} UTC` : 'an unknown time';
}

function storedDigest({ digest }: Row): number {
  return typeof digest === 'number' ? digest : 0;
}

function damagedReport(database: Database, row: Row): DamagedRow {
  const [network, client, jail] = shownCells(row);
  const sequence = Number(row['number0']);
  return {
    protects: false,
    text: `the ban of ${network} by ${client} in jail ${jail}, change ${sequence} of ${safeInstant(Number(row['at']))}`,
    takeOut: () => database.exec(`DELETE FROM history WHERE sequence = ${sequence}`),
  };
}

/** Bans of a host's address are held back as long as the client and the address are known. */
const protecting: ReadonlySet<DigestedTable> = new Set<DigestedTable>(['whitelist', 'client', 'host_address']);

const namesOfTables: Readonly<Record<DigestedTable, (cells: readonly string[]) => string>> = {
  whitelist: ([network]) => `the whitelist entry ${network}`,
  client: ([name]) => `the client ${name}`,
  client_key: ([client, id]) => `the key ${id} of the client ${client}`,
  stream: ([client]) => `how far the events of the client ${client} were taken`,
  host_address: ([client, address]) => `the address ${address} of the host ${client}`,
};

function damagedEntry(database: Database, table: DigestedTable, row: Row): DamagedRow {
  return {
    protects: protecting.has(table),
    text: namesOfTables[table](shownCells(row)),
    takeOut: () => database.exec(`DELETE FROM ${table} WHERE ${hasTextsOf(table, row)}`),
  };
}

/** As a line of text can show them. */
function shownCells(row: Row): string[] {
  return cellsIn(row).map((cell) => JSON.stringify(cell).slice(1, -1).slice(0, 80));
}
