import type { Family } from '../../../shared/network.ts';
import { blocklistLimits } from './blocklist-limits.ts';
import { familiesOf, ofFamily } from './by-family.ts';
import { family } from './choice-parameters.ts';
import { describeList, type Format, type List, secondsLeft } from './format.ts';
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
  *lines(list, query) {
    yield `# ${describeList(list)}`;
    for (const each of familiesOf(query.get(family)))
      yield* setLines(`${query.get(set) ?? 'banned'}${each}`, each, list);
  },
};

/** The longest that ipset(8) takes; an entry that lasts longer is given its time anew with the next list. */
const secondsMax = 2_147_483;

function* setLines(name: string, each: Family, list: List): Generator<string> {
  const kind = `hash:net family ${each === 4 ? 'inet' : 'inet6'} maxelem ${blocklistLimits.entriesMax} timeout 0`;
  const next = `${name}.new`;
  yield `create ${name} ${kind} -exist`;
  yield `create ${next} ${kind} -exist`;
  yield `flush ${next}`;
  for (const entry of ofFamily(list.entries, each)) {
    const seconds = secondsLeft(entry, list);
    yield `add ${next} ${entry.network} timeout ${seconds === undefined ? 0 : Math.min(seconds, secondsMax)} -exist`;
  }
  yield `swap ${next} ${name}`;
  yield `destroy ${next}`;
}
