import { plural } from '../../../shared/plural.ts';
import type { Loss } from '../ledger.ts';
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

export type FoundLoss = Omit<Loss, 'foundAt'>;

/** So many are named one by one. */
const namedMax = 50;

/** What was written and is not there any more, or not as it was written, one sentence each. */
export function findLosses(evidence: Evidence): FoundLoss[] {
  const { stock, last, seal, ledgerId } = evidence;
  const losses = [...damagedRows(stock), ...lostRows(evidence)];
  if (last === undefined) return losses;
  if (last.ledgerId === ledgerId)
    return seal === undefined ? losses : [...losses, ...lostCommits(seal, last, ledgerId)];
  const before = `another ledger was here until ${safeInstant(last.at)}, with ${plural(last.sequence, 'change')}`;
  return [...losses, holding(`${before}: its bans, whitelist and hosts are not in this one`)];
}

/** Something that protected from bans may be in it. */
function holding(text: string): FoundLoss {
  return { about: 'record', text, holdsBack: true };
}

/** Nothing that protected from bans can be in it. */
function other(text: string): FoundLoss {
  return { about: 'record', text, holdsBack: false };
}

function damagedRows({ damaged }: Stock): FoundLoss[] {
  const named = damaged
    .slice(0, namedMax)
    .map(({ text, protects }) => (protects ? holding : other)(`${text}: is not as it was written`));
  const more = damaged.slice(namedMax);
  if (more.length === 0) return named;
  const text = `not as written: ${plural(more.length, 'more row')}`;
  return [...named, (more.some(({ protects }) => protects) ? holding : other)(text)];
}

function lostRows({ seal, stock, othersSum, sequence }: Evidence): FoundLoss[] {
  if (seal === undefined)
    return [holding('the seal of the last commit is damaged: whether anything else is lost cannot be told')];
  const since = `since the commit of ${safeInstant(seal.at)}`;
  const missing = seal.reports.count - stock.reports.count;
  const lost: FoundLoss[] = [];
  if (missing > 0) lost.push(other(`not there: ${plural(missing, 'ban')} that stood, ${since}`));
  else if (missing < 0) lost.push(other(`not written by this program: ${plural(-missing, 'ban')}, ${since}`));
  else if (stock.reports.sum !== seal.reports.sum) lost.push(other(`other bans stand than were written, ${since}`));
  if (othersSum !== seal.others)
    lost.push(holding(`whitelist, clients, keys or the pause are not all that was written, ${since}`));
  if (sequence < seal.sequence) lost.push(other(`not in history: ${numbers(sequence + 1, seal.sequence)}, ${since}`));
  return lost;
}

function lostCommits(seal: Seal, last: LastCommit, ledgerId: string): FoundLoss[] {
  const time = `from ${safeInstant(seal.at)} to ${safeInstant(last.at)}`;
  if (last.commits > seal.commits) {
    const what = last.sequence > seal.sequence ? numbers(seal.sequence + 1, last.sequence) : 'what was written';
    const why = 'the ledger is older than its last commit (an older copy, or a lost ledger.db-wal)';
    return [holding(`lost: ${what}, ${time}; ${why}`)];
  }
  if (last.commits < seal.commits || last.digest === digestOfSeal(seal, ledgerId)) return [];
  const when = `the last commit, of ${safeInstant(last.at)},`;
  return [holding(`${when} is not the one that was made: the file is a copy that went its own way`)];
}

function numbers(first: number, last: number): string {
  return first === last ? `change ${first}` : `changes ${first} to ${last}`;
}
