import { parameter } from '../parameter.ts';
import { byFamily, type FamilyList } from './by-family.ts';
import { family } from './choice-parameters.ts';
import { commentOf, type EntryLines, type Format, secondsLeft } from './format.ts';
import type { ListEntry } from './list-entry.ts';

const listName = parameter.matching(
  'list',
  'Name of the address list; fail2networkban when it is left out',
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
  '1–63 of A-Z a-z 0-9 . _ -, beginning with a letter or digit',
);

/**
 * For `/import` of RouterOS. It empties the list and fills it; what ends in between, or is there already, is passed over,
 * because any error would end the import. IPv6 comes last: a router without it stops there.
 */
export const routeros: Format = {
  name: 'rsc',
  summary: 'What is to be blocked, for /import of RouterOS: replaces the address list fail2networkban',
  contentType: 'text/plain; charset=utf-8',
  query: [listName],
  endsIn: 'seconds',
  overlaps: 'taken',
  lines(list, query) {
    const name = query.get(listName) ?? 'fail2networkban';
    return [
      commentOf(list),
      ...byFamily(list, query.get(family)).flatMap((each) => addressListLines(name, each)),
      `:log info "fail2networkban: ${list.entries.length} networks in the address list ${name}"`,
    ];
  },
};

function addressListLines(name: string, list: FamilyList): readonly (string | EntryLines)[] {
  const lineOf = (entry: ListEntry): string =>
    `:do { add list="${name}" address=${entry.network} timeout=${timeoutOf(secondsLeft(entry, list))} } on-error={}`;
  return [
    `/${list.family === 4 ? 'ip' : 'ipv6'} firewall address-list`,
    `:foreach entry in=[find list="${name}"] do={ :do { remove $entry } on-error={} }`,
    { entries: list.entries, lineOf },
  ];
}

/** The longest that RouterOS takes. What never ends gets it too: without a timeout it would be written to flash each time. */
const secondsMax = 21_474_836;

function timeoutOf(seconds = secondsMax): string {
  const rest = Math.min(seconds, secondsMax);
  const days = Math.floor(rest / 86_400);
  return `${days}d${Math.floor((rest % 86_400) / 3_600)}h${Math.floor((rest % 3_600) / 60)}m${rest % 60}s`;
}
