import { formatLabels } from '../../../shared/labels.ts';
import type { Row } from '../cells.ts';
import { LedgerError, type Report } from '../ledger.ts';
import { endCell, sourceCell } from '../rows.ts';
import { emptyChecksum, withNumber, withText } from './checksum.ts';

/** Which columns a digest is made of, in this order. */
interface Digested {
  readonly numbers: readonly string[];
  readonly texts: readonly string[];
}

/**
 * Every row that decides who is banned, or who may say so, carries a checksum of its cells: with one changed character it is never
 * the same. What only a person reads (a note, a description, when something was added) is not in it, so that may be mended by hand
 * with `sqlite3`.
 */
const digested = {
  whitelist: { numbers: ['ends_at'], texts: ['network'] },
  client: { numbers: [], texts: ['name', 'may', 'jails', 'follows', 'sources'] },
  client_key: { numbers: ['ends_at'], texts: ['client', 'id', 'kind', 'secret'] },
  stream: { numbers: ['number'], texts: ['client', 'id'] },
  host_address: { numbers: ['seen_at'], texts: ['client', 'address', 'key'] },
} as const satisfies Readonly<Record<string, Digested>>;

export type DigestedTable = keyof typeof digested;
export const digestedTables: readonly DigestedTable[] = ['whitelist', 'client', 'client_key', 'stream', 'host_address'];

/** Those of history that stand. */
const reportColumns: Digested = {
  numbers: ['sequence', 'reported_at', 'ends_at'],
  texts: ['network', 'client', 'jail', 'source', 'labels', "iif(kind = 'withdrawn', 'lifted', '')"],
};

/** @param numbers and texts in the order of {@link digested} */
export function digestOf(numbers: readonly (number | null)[], texts: readonly string[]): number {
  return texts.reduce(withText, numbers.reduce(withNumber, emptyChecksum));
}

/** Of the row that makes a report. Written out: tens of thousands are made a second. */
export function digestOfReport(report: Report, sequence: number): number {
  const { network, client, jail, reportedAt, endsAt, labels, isLifted } = report;
  let sum = withNumber(withNumber(withNumber(emptyChecksum, sequence), reportedAt), endCell(endsAt));
  sum = withText(withText(withText(withText(sum, network), client), jail), sourceCell(report));
  sum = withText(sum, labels === undefined ? '' : formatLabels(labels));
  return withText(sum, isLifted ? 'lifted' : '');
}

/** What {@link digestOfRow} takes. Texts come as bytes: on damaged text, which may be no text at all, the library breaks off. */
function columnsOf(columns: Digested): string {
  return [...columns.numbers.map((column, at) => `${column} AS number${at}`), `${joined(columns)} AS texts`].join(', ');
}

function joined({ texts }: Digested): string {
  return `CAST(${texts.map((column) => `ifnull(${column}, '')`).join(' || char(10) || ')} AS BLOB)`;
}

export const reportSelection = `SELECT ${columnsOf(reportColumns)}, at, digest FROM history WHERE stands = 1`;

export function selectionOf(table: DigestedTable): string {
  return `SELECT ${columnsOf(digested[table])}, digest FROM ${table}`;
}

/** The condition that the rows meet that have the texts of this one, damaged as they may be. */
export function hasTextsOf(table: DigestedTable, row: Row): string {
  return `${joined(digested[table])} = x'${Buffer.from(textsOf(row)).toString('hex')}'`;
}

/** Of a row as it is found in the file; a number that is none any more counts as NaN. */
export function digestOfRow(row: Row): number {
  const cells = ['number0', 'number1', 'number2'].filter((column) => column in row).map((column) => row[column]);
  return digestOf(
    cells.map((cell) => (cell === null ? null : Number(cell))),
    cellsIn(row),
  );
}

function textsOf({ texts }: Row): Uint8Array {
  if (!(texts instanceof ArrayBuffer)) throw new LedgerError('texts: are no bytes');
  return new Uint8Array(texts);
}

/** The texts one by one; what is damaged in them as U+FFFD. */
export function cellsIn(row: Row): string[] {
  return Buffer.from(textsOf(row)).toString('utf8').split('\n');
}
