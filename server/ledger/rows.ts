import type { Database, Statement } from './database.ts';
import type { Report } from './ledger.ts';

export type Cell = string | number | null;

/** Rows in one statement, most first: fewer calls into SQLite make a large commit about twice as fast. */
const sizes = [25, 5, 1] as const;
const rowsMax = sizes[0];

/** Writes any number of rows with as few statements as may be. The last rows are written by {@link RowWriter.flush}. */
export class RowWriter {
  readonly #columns: number;
  readonly #statements: ReadonlyMap<number, Statement>;
  #cells: Cell[] = [];

  private constructor(columns: number, statements: ReadonlyMap<number, Statement>) {
    this.#columns = columns;
    this.#statements = statements;
  }

  /**
   * @param row what a row is, with a `?` for each of its cells, as `(?, 'reported', ?)`
   * @param sql the statement for rows that are written as `(?, 'reported', ?),(?, 'reported', ?)`
   */
  static async prepare(database: Database, row: string, sql: (rows: string) => string): Promise<RowWriter> {
    const prepare = (size: number) => database.prepare(sql(Array(size).fill(row).join(',')));
    const statements = sizes.map(async (size) => [size, await prepare(size)] as const);
    return new RowWriter(row.split('?').length - 1, new Map(await Promise.all(statements)));
  }

  add(...row: readonly Cell[]): void {
    this.#cells.push(...row);
    if (this.#cells.length === this.#columns * rowsMax) this.flush();
  }

  flush(): void {
    const cells = this.#cells;
    this.#cells = [];
    let from = 0;
    for (const size of sizes) {
      for (const count = size * this.#columns; from + count <= cells.length; from += count) {
        this.#statements.get(size)?.run(from === 0 && count === cells.length ? cells : cells.slice(from, from + count));
      }
    }
  }

  /** Forgets rows of a transaction that failed. */
  clear(): void {
    this.#cells = [];
  }
}

/** `jail`, `hand`, or `even-host`: by hand, and meant although the network is a host's. */
export function sourceCell({ source, evenHost }: Report): string {
  return evenHost === true ? 'even-host' : source;
}

/** NULL for what never ends. */
export function endCell(endsAt: number): number | null {
  return endsAt === Number.POSITIVE_INFINITY ? null : endsAt;
}
