import { asRow, integer } from '../cells.ts';
import type { Database, Statement } from '../database.ts';
import { digestOf } from './digests.ts';

/** What stood after the last commit, in few numbers that each commit carries on: by them a lost row or commit shows. */
export interface Seal {
  /** How many there were. */
  readonly commits: number;
  /** When the last one was, milliseconds since the epoch. */
  readonly at: number;
  /** The last number that a change was given. */
  readonly sequence: number;
  readonly reports: Tally;
  /** Digests of whitelist, clients and keys, added up, and one when enforcement is paused. */
  readonly others: number;
}

/** Rows, and their digests added up: in any order, and what goes is subtracted. */
export interface Tally {
  readonly count: number;
  readonly sum: number;
}

export const emptyTally: Tally = { count: 0, sum: 0 };

/** So large that sums of as many digests as there can be stay exact. */
const sumEnd = 2 ** 48;

export function addTallies(a: Tally, b: Tally): Tally {
  return { count: a.count + b.count, sum: (((a.sum + b.sum) % sumEnd) + sumEnd) % sumEnd };
}

/** Tells apart any two states of one ledger: also the same number of commits that went another way. */
export function digestOfSeal({ commits, at, sequence, reports, others }: Seal, ledgerId: string): number {
  return digestOf([commits, at, sequence, reports.count, reports.sum, others], [ledgerId]);
}

/** @returns undefined when the seal itself is damaged */
export async function readSeal(database: Database, ledgerId: string): Promise<Seal | undefined> {
  const columns = 'commits, at, sequence, report_count, report_sum, others, digest';
  const found = (await database.prepare(`SELECT ${columns} FROM seal`)).get();
  if (found === undefined) return undefined;
  const row = asRow(found);
  const cell = (column: string): number => integer(row, column);
  const seal = {
    commits: cell('commits'),
    at: cell('at'),
    sequence: cell('sequence'),
    reports: { count: cell('report_count'), sum: cell('report_sum') },
    others: cell('others'),
  };
  return digestOfSeal(seal, ledgerId) === cell('digest') ? seal : undefined;
}

/** Adds up what whitelist, clients, keys and the pause are; they are small, and change seldom. */
const sumOfOthers =
  'SELECT ifnull(sum(digest), 0) AS sum FROM (SELECT digest FROM whitelist UNION ALL SELECT digest FROM client ' +
  "UNION ALL SELECT digest FROM client_key UNION ALL SELECT value = 'yes' FROM setting WHERE name = 'paused')";

/** Writes the seal, inside the caller's transaction. */
export class SealWriter {
  readonly #ledgerId: string;
  readonly #sum: Statement;
  readonly #put: Statement;

  private constructor(ledgerId: string, sum: Statement, put: Statement) {
    this.#ledgerId = ledgerId;
    this.#sum = sum;
    this.#put = put;
  }

  static async prepare(database: Database, ledgerId: string): Promise<SealWriter> {
    const put = 'INSERT OR REPLACE INTO seal VALUES (1, ?, ?, ?, ?, ?, ?, ?)';
    return new SealWriter(ledgerId, await database.prepare(sumOfOthers), await database.prepare(put));
  }

  sumOthers(): number {
    return integer(asRow(this.#sum.get()), 'sum');
  }

  write(seal: Seal): void {
    const { commits, at, sequence, reports, others } = seal;
    this.#put.run(commits, at, sequence, reports.count, reports.sum, others, digestOfSeal(seal, this.#ledgerId));
  }
}
