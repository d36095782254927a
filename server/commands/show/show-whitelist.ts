import { enumerate } from '../../../shared/enumerate.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { formatTable } from '../../../shared/table.ts';
import type { Answer } from '../ask.ts';
import { items, strings, text } from './answer-text.ts';
import { liftedLines, refused } from './show-bans.ts';
import type { Times } from './times.ts';

/** How the answers about the whitelist look. */
export function showWhitelist(times: Times) {
  return {
    allow: (answer: Answer): string => showAllow(answer, times),
    disallow: showDisallow,
    allowed: (answer: Answer): string => showList(answer, times),
  };
}

function showAllow(answer: Answer, { stillFor }: Times): string {
  if (answer['outcome'] === 'refused') return refused(answer);
  const line = `${text(answer['network'])}: whitelisted ${stillFor(answer['endsAt'])}`;
  return [line, ...meansLines(answer['means']), ...liftedLines(answer['lifted'])].join('\n');
}

/** What a DNS name means, right after it was whitelisted. */
function meansLines(means: unknown): string[] {
  if (!isObject(means)) return [];
  const networks = strings(means['networks']);
  if (networks.length > 0) return [`it means ${enumerate(networks)} now, and is looked up again and again`];
  const consequence =
    means['answered'] === false
      ? 'no new ban is put into force until DNS answers, or it is taken off the whitelist'
      : 'this entry protects nothing until it does';
  return [`it means nothing yet (${text(means['trouble'])}): ${consequence}`];
}

function meaningOf(name: Answer, when: Times['when']): string {
  const networks = strings(name['networks']);
  const trouble = name['trouble'] === null ? '' : `; ${text(name['trouble'])}`;
  const note = text(name['note']);
  const rest = `${trouble}; next look ${when(name['nextLookAt'])} UTC${note === '' ? '' : `; ${note}`}`;
  if (name['answered'] === false) return `NO NEW BAN IS PUT INTO FORCE until DNS answers${rest}`;
  if (networks.length === 0) return `protects nothing yet${rest}`;
  return `is ${networks.join(' ')} since ${when(name['since'])} UTC${rest}`;
}

function showDisallow({ network, removed, still }: Answer): string {
  const line = `${text(network)}: ${removed === true ? 'taken off the whitelist' : 'not whitelisted by a command'}`;
  if (!isObject(still)) return line;
  const where = text(still['where']);
  const next = where.includes('server.ini') ? '; take it out there, then: fail2networkban-server reload' : '';
  return `${line}\n${text(network)} stays whitelisted: ${text(still['network'])} is, ${where}${next}`;
}

function showList(answer: Answer, { remaining, when }: Times): string {
  const fromFile = strings(answer['fromFile']);
  const keyOf = (network: string): string => (fromFile.includes(network) ? 'whitelist_file' : 'whitelist');
  const rows = [
    ...strings(answer['configured']).map((network) => [
      network,
      'permanent',
      `[policy] ${keyOf(network)} of server.ini`,
    ]),
    ...items(answer['names']).map((name) => [text(name['name']), remaining(name['endsAt']), meaningOf(name, when)]),
    ...items(answer['timed']).map((entry) => [text(entry['network']), remaining(entry['endsAt']), text(entry['note'])]),
  ];
  return formatTable(['NETWORK', 'ENDS IN', 'NOTE'], rows, 'the whitelist is empty');
}
