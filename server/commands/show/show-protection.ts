import { formatDuration } from '../../../shared/duration.ts';
import { plural } from '../../../shared/plural.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';

/** What waits, and why; nothing when all that stands is in force. */
export function protectionLines(answer: Answer): string[] {
  return [
    ...sourceLines(answer['protectedSources']),
    ...heldBackLines(answer['heldBack']),
    ...doubtLines(answer['doubtfulHosts']),
  ];
}

function sourceLines(sources: unknown): string[] {
  return items(sources).flatMap(({ name, kind, failure }) => {
    const why = isObject(failure) ? `: ${text(failure['reason'])}` : '';
    const since = isObject(failure) ? ` for ${formatDuration(Number(failure['forSeconds']))}` : '';
    if (kind === 'unread')
      return [`protection: NO NEW BAN IS PUT INTO FORCE: ${text(name)} was never read${since}${why}; see doctor`];
    return isObject(failure) ? [`protection: ${text(name)} cannot be read${since}, what it said last holds${why}`] : [];
  });
}

function heldBackLines(heldBack: unknown): string[] {
  const count = isObject(heldBack) ? Number(heldBack['count']) : 0;
  if (!isObject(heldBack) || count === 0) return [];
  const named = items(heldBack['bans']).map(({ network, detail }) => `  ${text(network)}: ${text(detail)}`);
  const others = count > named.length ? [`  and ${count - named.length} more`] : [];
  return [`${plural(count, 'ban')} held back:`, ...named, ...others];
}

function doubtLines(hosts: unknown): string[] {
  return items(hosts).map(({ client, address, ban, connected }) => {
    const how = connected === true ? 'is connected' : 'came';
    return `host ${text(client)} ${how} from ${text(address)}, where the ban of ${text(ban)} stays in force; see doctor`;
  });
}
