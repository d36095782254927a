import { formatDuration } from '../../../shared/duration.ts';
import { plural } from '../../../shared/plural.ts';
import { describeStrays } from '../../enforcers/ownership/stray-entries.ts';
import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';

/** How `adopt` and `clear` say what they found, and what became of it. */
export function showStrays(answer: Answer): string {
  const { verb, outcome } = answer;
  const found = items(answer['firewalls']).flatMap(describeFirewall);
  if (outcome === 'listed') return [...found, whatWould(answer)].join('\n');
  const done = verb === 'adopt' ? adopted(answer) : ['taken out, but for what is banned here'];
  const unfinished = outcome === 'failed' ? ['not finished, it goes on; see: fail2networkban-server status'] : [];
  return [...found.slice(0, 1), ...done, ...unfinished].join('\n');
}

function describeFirewall({ name, id, isOwn, isAlive, entries, first }: Answer): string[] {
  const shown = items(first);
  const rest = Number(entries) - shown.length;
  return [
    `${text(name)}: ${describeStrays(Number(entries), text(id), isOwn === true)}`,
    ...(isAlive === true ? ['another server looks after them: it puts back what is taken out'] : []),
    ...shown.map(({ entry, mark }) => `  ${text(entry)}  ${text(mark)}`),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
  ];
}

function whatWould({ verb, ttlSeconds }: Answer): string {
  if (verb === 'clear') return 'Nothing was changed. With --yes these entries are taken out.';
  const ttl = typeof ttlSeconds === 'number' ? `end in ${formatDuration(ttlSeconds)}` : 'have no end';
  return `Nothing was changed. With --yes they become bans by the operator, jail adopted, which ${ttl} (--ttl).`;
}

function adopted({ recorded, refused, ttlSeconds }: Answer): string[] {
  const end = typeof ttlSeconds === 'number' ? ` for ${formatDuration(ttlSeconds)}` : '';
  return [
    `${plural(Number(recorded), 'ban')} recorded${end}; the entries are looked after from now on`,
    ...items(refused).map(
      ({ network, detail, code }) => `not recorded: ${text(network)}: ${text(detail) || text(code)}`,
    ),
  ];
}
