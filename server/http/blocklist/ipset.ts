import { blocklistLimits } from './blocklist-limits.ts';
import { byFamily, type FamilyList } from './by-family.ts';
import { family } from './choice-parameters.ts';
import { commentOf, type EntryLines, type Format, secondsLeft } from './format.ts';
import type { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';
import { set } from './nft.ts';

/**
 * For `ipset restore`: each set is filled under another name and then takes the place of the one in use, so that a packet sees
 * the old or the new one. What a fill that was cut off left behind is filled anew.
 */
export const ipset: Format = {
  name: 'ipset',
  summary: 'What is to be blocked, for ipset restore: makes or replaces the sets banned4 and banned6',
  contentType: 'text/plain; charset=utf-8',
  query: [set],
  endsIn: 'seconds',
  overlaps: 'taken',
  lines(list, query) {
    const sets = query.get(set) ?? 'banned';
    return [commentOf(list), ...byFamily(list, query.get(family)).flatMap((each) => setLines(sets, each))];
  },
};

/** The longest that ipset(8) takes; an entry that lasts longer is given its time anew with the next list. */
const secondsMax = 2_147_483;

function setLines(sets: string, list: FamilyList): readonly (string | EntryLines)[] {
  const name = `${sets}${list.family}`;
  const kind = `hash:net family ${list.family === 4 ? 'inet' : 'inet6'} maxelem ${blocklistLimits.entriesMax} timeout 0`;
  const next = `${name}.new`;
  const write = (to: LineBytes, entry: ListEntry): void => {
    to.text(entry.network);
    to.put(timeout);
    to.number(Math.min(secondsLeft(entry, list) ?? 0, secondsMax));
  };
  return [
    `create ${name} ${kind} -exist`,
    `create ${next} ${kind} -exist`,
    `flush ${next}`,
    { entries: list.entries, prefix: `add ${next} `, write, suffix: ' -exist' },
    `swap ${next} ${name}`,
    `destroy ${next}`,
  ];
}

/** 0 never ends. */
const timeout = Buffer.from(' timeout ');
