import type { Database, Statement } from './database.ts';

export type Cell = string | number | null;

/** Rows in one statement: fewer calls into SQLite make a large commit about twice as fast; more than this gains nothing. */
const rowsPerStatement = 25;

/** Writes any number of rows with as few statements as may be. The last rows are written by {@link RowWriter.flush}. */
export class RowWriter {
  readonly #columns: number;
  readonly #one: Statement;
  readonly #many: Statement;
  #cells: Cell[] = [];

  /** @param columns how many cells a row has */
  constructor(database: Database, insert: string, columns: number) {
    const row = `(${Array(columns).fill('?').join(',')})`;
    this.#columns = columns;
    this.#one = database.prepare(`${insert} VALUES ${row}`);
    this.#many = database.prepare(`${insert} VALUES ${Array(rowsPerStatement).fill(row).join(',')}`);
  }

  add(...row: readonly Cell[]): void {
    this.#cells.push(...row);
    if (this.#cells.length === this.#columns * rowsPerStatement) this.#many.run(this.#take());
  }

  flush(): void {
    const cells = this.#take();
    for (let at = 0; at < cells.length; at += this.#columns) this.#one.run(cells.slice(at, at + this.#columns));
  }

  /** Forgets rows of a transaction that failed. */
  clear(): void {
    this.#take();
  }

  #take(): Cell[] {
    const cells = this.#cells;
    this.#cells = [];
    return cells;
  }
}

/** NULL for what never ends. */
export function endCell(endsAt: number): number | null {
  return endsAt === Number.POSITIVE_INFINITY ? null : endsAt;
}
