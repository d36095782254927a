import { plural } from '../../../shared/plural.ts';
import type { LastCommit } from './last-commit-file.ts';
import { digestOfSeal, type Seal } from './seal.ts';
import { type Stock, safeInstant } from './take-stock.ts';

/** What a ledger is, as far as it can be told from its file and what is noted beside it. */
export interface Evidence {
  readonly ledgerId: string;
  /** The last number that a change has in its tables. */
  readonly sequence: number;
  /** Undefined: damaged. */
  readonly seal: Seal | undefined;
  readonly othersSum: number;
  readonly stock: Stock;
  readonly last: LastCommit | undefined;
}

/** So many are named one by one. */
const namedMax = 50;

/** What was written and is not there any more, or not as it was written, one sentence each. */
export function findLosses(evidence: Evidence): string[] {
  const { stock, last, seal, ledgerId } = evidence;
  const named = stock.damaged.slice(0, namedMax).map(({ text }) => `${text}: is not as it was written`);
  const more = stock.damaged.length - named.length;
  const others = more > 0 ? [`${more} more rows are not as they were written`] : [];
  const losses = [...named, ...others, ...lostRows(evidence)];
  if (last === undefined) return losses;
  if (last.ledgerId === ledgerId)
    return seal === undefined ? losses : [...losses, ...lostCommits(seal, last, ledgerId)];
  const before = `another ledger was here until ${safeInstant(last.at)}, with ${plural(last.sequence, 'change')}`;
  return [...losses, `${before}: its bans, whitelist and hosts are not in this one`];
}

function lostRows({ seal, stock, othersSum, sequence }: Evidence): string[] {
  if (seal === undefined)
    return ['the seal of the last commit is damaged: whether anything else is lost cannot be told'];
  const since = `since the commit of ${safeInstant(seal.at)}`;
  const missing = seal.reports.count - stock.reports.count;
  const lost: string[] = [];
  if (missing > 0) lost.push(`not there: ${plural(missing, 'ban')} that stood, ${since}`);
  else if (missing < 0) lost.push(`not written by this program: ${plural(-missing, 'ban')}, ${since}`);
  else if (stock.reports.sum !== seal.reports.sum) lost.push(`other bans stand than were written, ${since}`);
  if (othersSum !== seal.others)
    lost.push(`whitelist, clients, keys or the pause are not all that was written, ${since}`);
  if (sequence < seal.sequence) lost.push(`not in history: ${numbers(sequence + 1, seal.sequence)}, ${since}`);
  return lost;
}

function lostCommits(seal: Seal, last: LastCommit, ledgerId: string): string[] {
  const time = `from ${safeInstant(seal.at)} to ${safeInstant(last.at)}`;
  if (last.commits > seal.commits) {
    const what = last.sequence > seal.sequence ? numbers(seal.sequence + 1, last.sequence) : 'what was written';
    return [
      `lost: ${what}, ${time}; the ledger is older than its last commit (an older copy, or a lost ledger.db-wal)`,
    ];
  }
  if (last.commits < seal.commits || last.digest === digestOfSeal(seal, ledgerId)) return [];
  return [
    `the last commit, of ${safeInstant(last.at)}, is not the one that was made: the file is a copy that went its own way`,
  ];
}

function numbers(first: number, last: number): string {
  return first === last ? `change ${first}` : `changes ${first} to ${last}`;
}
