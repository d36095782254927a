import { parameter } from '../parameter.ts';
import { byFamily, type FamilyList } from './by-family.ts';
import { family } from './choice-parameters.ts';
import { commentOf, type EntryLines, type Format, secondsLeft } from './format.ts';
import type { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';
import { spanWriter } from './write-times.ts';

const tableFamily = parameter.choice('table_family', 'Family of the table; inet when it is left out', [
  'inet',
  'bridge',
  'netdev',
]);
const table = parameter.matching(
  'table',
  'The table; blocklist when it is left out',
  /^[A-Za-z][A-Za-z0-9_]{0,30}$/,
  '1–31 of A-Z a-z 0-9 _, beginning with a letter',
);
export const set = parameter.matching(
  'set',
  'What the names of the sets begin with, behind which stands 4 or 6; banned when it is left out',
  /^[A-Za-z][A-Za-z0-9_]{0,24}$/,
  '1–25 of A-Z a-z 0-9 _, beginning with a letter',
);

/**
 * For `nft -f`, which carries all of it out at once or nothing: each set is emptied and filled anew. The sets have to be there,
 * with `flags interval, timeout`; two intervals of one set may not share an address, so the entries never do.
 */
export const nft: Format = {
  name: 'nft',
  summary: 'What is to be blocked, for nft -f: fills the sets banned4 and banned6 of a table that is there',
  contentType: 'text/plain; charset=utf-8',
  query: [tableFamily, table, set],
  endsIn: 'seconds',
  overlaps: 'refused',
  lines(list, query) {
    const sets = `${query.get(tableFamily) ?? 'inet'} ${query.get(table) ?? 'blocklist'} ${query.get(set) ?? 'banned'}`;
    return [commentOf(list), ...byFamily(list, query.get(family)).flatMap((each) => setLines(sets, each))];
  },
};

function setLines(sets: string, list: FamilyList): readonly (string | EntryLines)[] {
  const { entries } = list;
  const name = `${sets}${list.family}`;
  if (entries.length === 0) return [`flush set ${name}`];
  const writeSpan = spanWriter();
  const write = (to: LineBytes, entry: ListEntry): void => {
    to.text(entry.network);
    const seconds = secondsLeft(entry, list);
    if (seconds === undefined) return;
    to.put(timeout);
    writeSpan(to, seconds);
  };
  return [`flush set ${name}`, `add element ${name} {`, { entries, write, suffix: ',' }, '}'];
}

const timeout = Buffer.from(' timeout ');
