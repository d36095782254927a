import type { Source } from '../../shared/frames.ts';
import { type Labels, parseLabels } from '../../shared/labels.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { LedgerError } from './ledger.ts';

/** A row as the library hands it over: nothing about it is known. */
export type Row = Readonly<Record<string, unknown>>;

/** Readers of a row and of one cell each. They throw a LedgerError for what no ledger writes. */
export function asRow(value: unknown): Row {
  // Not copied: a start reads a hundred thousand of them twice.
  if (!isRow(value)) throw new LedgerError('a row is not an object');
  return value;
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null;
}

export function text(row: Row, column: string): string {
  const cell = row[column];
  // The library's `get` returns bytes as the one, its `all` as the other.
  if (cell instanceof Uint8Array) return Buffer.from(cell).toString('utf8');
  if (cell instanceof ArrayBuffer) return Buffer.from(cell).toString('utf8');
  if (typeof cell !== 'string') throw new LedgerError(`${column}: ${String(cell)} is not a text`);
  return cell;
}

/**
 * Columns of text as the bytes that they are: the library ends the process over bytes that are no text, as damaged ones may be. What
 * is no text in them is read as U+FFFD.
 */
export function asBytes(...columns: readonly string[]): string {
  return columns.map((column) => `CAST(${column} AS BLOB) AS ${column}`).join(', ');
}

export function items(row: Row, column: string): string[] {
  return text(row, column)
    .split(',')
    .filter((item) => item !== '');
}

export function labels(row: Row): Labels {
  const cell = text(row, 'labels');
  const parsed = parseLabels(cell);
  if (parsed === undefined) throw new LedgerError(`labels: ${cell} are none`);
  return parsed;
}

export function integer(row: Row, column: string): number {
  const cell = row[column];
  if (typeof cell !== 'number') throw new LedgerError(`${column}: ${String(cell)} is not a number`);
  return cell;
}

export function end(row: Row): number {
  return typeof row['ends_at'] === 'number' ? row['ends_at'] : Number.POSITIVE_INFINITY;
}

/** What is not of a jail is by hand. */
export function source(row: Row): Source {
  return text(row, 'source') === 'jail' ? 'jail' : 'hand';
}

export function network(row: Row): Network {
  return networkOf(text(row, 'network'), 'network');
}

export function networkOf(cell: string, column: string): Network {
  const parsed = parseNetwork(cell);
  if (parsed === undefined || parsed !== cell) throw new LedgerError(`${column}: ${cell} is not a canonical network`);
  return parsed;
}
