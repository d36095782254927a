import { asRow, integer, text } from './cells.ts';
import type { Database } from './database.ts';
import { cutsOf, holderColumn } from './history-shares.ts';

/** Which history is kept: not before an instant, and at most so many entries besides those of what stands. */
export interface Bounds {
  readonly before: number;
  readonly most: number;
}

/** Which entries go, from the oldest on. */
export interface PrunePlan {
  /** Sequence numbers: from the oldest entry that may go to the newest. */
  readonly from: number;
  readonly to: number;
  /** All that is older goes, milliseconds since the epoch; there is such up to this number. */
  readonly before: number;
  readonly oldUpTo: number;
  /** How many more go of each holder. */
  readonly cuts: ReadonlyMap<string, number>;
}

/** Looks once through history, and decides what goes, if any. On a connection of its own it holds up no commit. */
export async function planPruning(database: Database, bounds: Bounds): Promise<PrunePlan | undefined> {
  const before = Math.floor(bounds.before);
  const statement = await database.prepare(
    // Materialized: the library's thread does the looking for the first row, this one for all others.
    `WITH found AS MATERIALIZED (SELECT CAST(${holderColumn} AS BLOB) AS holder, sum(at >= ?) AS count, min(sequence) AS first, ` +
      'max(sequence) AS last, max(iif(at < ?, sequence, 0)) AS oldUpTo FROM history WHERE stands = 0 GROUP BY holder) ' +
      'SELECT * FROM found',
  );
  const rows = (await statement.all(before, before)).map(asRow);
  const column = (name: string): number[] => rows.map((row) => integer(row, name));
  const counts = rows.map((row) => [text(row, 'holder'), integer(row, 'count')] as const);
  const cuts = cutsOf(new Map(counts), bounds.most);
  const oldUpTo = Math.max(0, ...column('oldUpTo'));
  if (oldUpTo === 0 && cuts.size === 0) return undefined;
  return { from: Math.min(...column('first')), to: Math.max(...column('last')), before, oldUpTo, cuts };
}

/** Sequence numbers in one step: a few milliseconds' work, so that commits come in between. */
const stepNumbers = 5_000;

/** Carries out a plan, from the oldest entry on, in steps of which each is a transaction of the caller's. */
export class HistoryPruner {
  readonly #database: Database;
  readonly #plan: PrunePlan;
  readonly #left: Map<string, number>;
  #next: number;

  constructor(database: Database, plan: PrunePlan) {
    this.#database = database;
    this.#plan = plan;
    this.#left = new Map(plan.cuts);
    this.#next = plan.from;
  }

  get isDone(): boolean {
    const { to, oldUpTo } = this.#plan;
    return this.#next > to || (this.#next > oldUpTo && this.#left.size === 0);
  }

  /** @returns how many entries went */
  async step(): Promise<number> {
    const from = this.#next;
    this.#next += stepNumbers;
    const within = `sequence >= ${from} AND sequence < ${this.#next} AND stands = 0`;
    const { before, oldUpTo } = this.#plan;
    const old = from > oldUpTo ? 0 : await this.#delete(`${within} AND at < ${before}`);
    return old + (this.#left.size === 0 ? 0 : await this.#cut(within));
  }

  async #cut(within: string): Promise<number> {
    const whole: string[] = [];
    let gone = 0;
    for (const [holder, count] of await readCounts(this.#database, within)) {
      const left = this.#left.get(holder) ?? 0;
      if (left === 0) continue;
      if (count <= left) whole.push(quote(holder));
      else gone += await this.#delete(oldest(`${within} AND ${holderColumn} = ${quote(holder)}`, left));
      if (count < left) this.#left.set(holder, left - count);
      else this.#left.delete(holder);
    }
    if (whole.length === 0) return gone;
    return gone + (await this.#delete(`${within} AND ${holderColumn} IN (${whole.join(', ')})`));
  }

  /** On the library's thread. */
  async #delete(which: string): Promise<number> {
    await this.#database.exec(`DELETE FROM history WHERE ${which}`);
    return integer(asRow((await this.#database.prepare('SELECT changes() AS count')).get()), 'count');
  }
}

function oldest(which: string, most: number): string {
  return `sequence IN (SELECT sequence FROM history WHERE ${which} ORDER BY sequence LIMIT ${most})`;
}

async function readCounts(database: Database, which: string): Promise<[holder: string, count: number][]> {
  const statement = await database.prepare(
    `WITH found AS MATERIALIZED (SELECT CAST(${holderColumn} AS BLOB) AS holder, count(*) AS count FROM history WHERE ${which} ` +
      'GROUP BY holder) SELECT * FROM found',
  );
  return (await statement.all()).map(asRow).map((row) => [text(row, 'holder'), integer(row, 'count')]);
}

function quote(name: string): string {
  return `'${name.replaceAll("'", "''")}'`;
}
