import type { Database, Statement } from './database.ts';

export type Cell = string | number | null;

/** Rows in one statement: fewer calls into SQLite make a large commit about twice as fast; more than this gains nothing. */
const rowsPerStatement = 25;

/** Writes any number of rows with as few statements as may be. */
export class RowWriter {
  readonly #one: Statement;
  readonly #many: Statement;

  /** @param columns how many cells a row has */
  constructor(database: Database, insert: string, columns: number) {
    const row = `(${Array(columns).fill('?').join(',')})`;
    this.#one = database.prepare(`${insert} VALUES ${row}`);
    this.#many = database.prepare(`${insert} VALUES ${Array(rowsPerStatement).fill(row).join(',')}`);
  }

  write(rows: readonly (readonly Cell[])[]): void {
    const whole = rows.length - (rows.length % rowsPerStatement);
    for (let at = 0; at < whole; at += rowsPerStatement) this.#many.run(rows.slice(at, at + rowsPerStatement).flat());
    for (const row of rows.slice(whole)) this.#one.run([...row]);
  }
}

/** NULL for what never ends. */
export function endCell(endsAt: number): number | null {
  return endsAt === Number.POSITIVE_INFINITY ? null : endsAt;
}
