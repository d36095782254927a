import { parameter } from '../parameter.ts';
import { familiesOf, ofFamily } from './by-family.ts';
import { family } from './choice-parameters.ts';
import { describeList, type Format, type List, secondsLeft } from './format.ts';
import type { ListEntry } from './list-entry.ts';

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
  *lines(list, query) {
    yield `# ${describeList(list)}`;
    const place = `${query.get(tableFamily) ?? 'inet'} ${query.get(table) ?? 'blocklist'}`;
    for (const each of familiesOf(query.get(family))) {
      const name = `${place} ${query.get(set) ?? 'banned'}${each}`;
      yield `flush set ${name}`;
      yield* elementLines(name, ofFamily(list.entries, each), list);
    }
  },
};

function* elementLines(name: string, entries: readonly ListEntry[], list: List): Generator<string> {
  if (entries.length === 0) return;
  yield `add element ${name} {`;
  for (const entry of entries) yield `${entry.network}${timeoutOf(secondsLeft(entry, list))},`;
  yield '}';
}

const daySeconds = 86_400;

/** Whole days and seconds, because nft reads no number of more than eight digits. */
function timeoutOf(seconds: number | undefined): string {
  return seconds === undefined ? '' : ` timeout ${Math.floor(seconds / daySeconds)}d${seconds % daySeconds}s`;
}
