import { asRow } from '../cells.ts';
import type { Database } from '../database.ts';
import { cellsIn, type DigestedTable, digestOfRow, reportSelection, selectionOf } from './digests.ts';

/** Gives each report that stands its digest, as it is now, inside the caller's transaction. */
export async function digestReports(database: Database): Promise<void> {
  const put = await database.prepare('UPDATE history SET digest = ? WHERE sequence = ?');
  const reports: [digest: number, sequence: unknown][] = [];
  for (const value of await (await database.prepare(reportSelection)).iterate()) {
    const row = asRow(value);
    reports.push([digestOfRow(row), row['number0']]);
  }
  // Not while they are read: a row that changes may come again.
  for (const cells of reports) put.run(...cells);
}

/** The same for all rows of some tables. */
export async function digestAll(database: Database, tables: readonly DigestedTable[]): Promise<void> {
  for (const table of tables) {
    const keys = keysOf[table];
    const update = await database.prepare(
      `UPDATE ${table} SET digest = ? WHERE ${keys.map((key) => `${key} = ?`).join(' AND ')}`,
    );
    const rows = (await (await database.prepare(selectionOf(table))).all()).map(asRow);
    for (const row of rows) update.run(digestOfRow(row), ...cellsIn(row).slice(0, keys.length));
  }
}

/** They come first in what is digested. */
const keysOf: Readonly<Record<DigestedTable, readonly string[]>> = {
  whitelist: ['network'],
  client: ['name'],
  client_key: ['client', 'id'],
  stream: ['client', 'id'],
  host_address: ['client', 'address'],
};
