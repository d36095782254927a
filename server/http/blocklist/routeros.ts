import { plural } from '../../../shared/plural.ts';
import { parameter } from '../parameter.ts';
import { byFamily, type FamilyList } from './by-family.ts';
import { family } from './choice-parameters.ts';
import { commentOf, type EntryLines, type Format, secondsLeft } from './format.ts';
import type { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';
import { spanWriter } from './write-times.ts';

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
      `:log info "fail2networkban: ${plural(list.entries.length, 'network')} in the address list ${name}"`,
    ];
  },
};

function addressListLines(name: string, list: FamilyList): readonly (string | EntryLines)[] {
  const writeSpan = spanWriter();
  const write = (to: LineBytes, entry: ListEntry): void => {
    to.text(entry.network);
    to.put(timeout);
    writeSpan(to, Math.min(secondsLeft(entry, list) ?? secondsMax, secondsMax));
  };
  return [
    `/${list.family === 4 ? 'ip' : 'ipv6'} firewall address-list`,
    `:foreach entry in=[find list="${name}"] do={ :do { remove $entry } on-error={} }`,
    { entries: list.entries, prefix: `:do { add list="${name}" address=`, write, suffix: ' } on-error={}' },
  ];
}

/** The longest that RouterOS takes. What never ends gets it too: without a timeout it would be written to flash each time. */
const secondsMax = 21_474_836;
const timeout = Buffer.from(' timeout=');
