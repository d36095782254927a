import { formatDuration } from '../../../shared/duration.ts';
import { plural } from '../../../shared/plural.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { formatTable } from '../../../shared/table.ts';
import { describeStrays } from '../../enforcers/ownership/stray-entries.ts';
import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';
import { clockLines } from './show-clock.ts';
import { lossLines } from './show-losses.ts';
import { notificationLines } from './show-notifications.ts';
import { protectionLines } from './show-protection.ts';

const sourceColumns: readonly string[] = [
  'SOURCE',
  'STATE',
  'DECISIONS',
  'REPORTS',
  'LEFT OUT',
  'REFUSED',
  'UNREADABLE',
  'ANSWERED',
  'REASON',
];

/** How the server's state looks. */
export function showStatus(answer: Answer): string {
  const paused = answer['paused'] === true ? ', PAUSED (panic): nothing is enforced until resume' : '';
  const standing = [
    plural(Number(answer['bans']), 'ban'),
    `${plural(items(answer['connected']).length, 'connection')} of ${plural(Number(answer['clients']), 'client')}`,
  ];
  return [
    `version ${text(answer['version'])}, up ${formatDuration(Number(answer['uptimeSeconds']))}, ${Math.round(Number(answer['memoryBytes']) / 1_048_576)} MiB`,
    `${standing.join(', ')}${paused}`,
    ...recordLines(answer['record']),
    ...(isObject(answer['clock']) ? clockLines(answer['clock']) : []),
    ...lossLines(answer['losses']),
    ...gapLines(answer['protectionGaps']),
    ...protectionLines(answer),
    reach(answer['reach']),
    '',
    enforcers(answer),
    ...refusedLines(answer),
    ...byteLines(answer),
    ...strayLines(answer),
    ...sources(answer),
    ...subscribers(answer),
    ...notificationLines(answer['notifications']),
    '',
    ...escalation(answer['escalation']),
    `counters: ${counters(answer['counters'])}`,
  ].join('\n');
}

/** Nothing as long as the record is written. */
function recordLines(record: unknown): string[] {
  if (!isObject(record) || record['kind'] !== 'failing') return [];
  const since = formatDuration(Number(record['forSeconds']));
  return [`record: FAILING for ${since}, new bans are refused until it can be written: ${text(record['reason'])}`];
}

/** Nothing as long as all is known that must not be banned. */
function gapLines(gaps: unknown): string[] {
  return items(gaps).map(({ reason, unknown }) => {
    const members = Array.isArray(unknown) ? unknown.map(text).join(', ') : '';
    return `protection: NOT ALL IS KNOWN that is ${text(reason)}: ${members}`;
  });
}

/** Nothing as long as it is off. */
function escalation(state: unknown): string[] {
  if (!isObject(state)) return [];
  const { isReading, offences, networks, waiting, banned, refused, dropped } = state;
  const counted =
    isReading === true
      ? 'reads history'
      : `${plural(Number(offences), 'ban')} of ${plural(Number(networks), 'network')} count`;
  const done = `banned ${text(banned)}, refused ${text(refused)}, waiting ${text(waiting)}, dropped ${text(dropped)}`;
  return [`escalation: ${counted}; since the start ${done}`];
}

function counters(value: unknown): string {
  const counts = Object.entries(isObject(value) ? value : {}).map(([name, count]) => `${name} ${text(count)}`);
  return counts.join(', ') || 'none';
}

function reach(value: unknown): string {
  if (!isObject(value)) return '';
  const trust = value['pin'] === undefined ? 'without TLS' : `pin ${text(value['pin'])}`;
  return `hosts reach it at ${text(value['host'])}:${text(value['port'])}, ${trust}`;
}

/** What is taken over from other programs, and what is not. */
function sources(answer: Answer): string[] {
  const rows = items(answer['sources']).map((each) => {
    const state = isObject(each['state']) ? each['state'] : {};
    const seconds = each['answeredSecondsAgo'];
    return [
      text(each['name']),
      text(state['kind']),
      ...['decisions', 'reports', 'leftOut', 'refused', 'malformed'].map((key) => text(each[key])),
      typeof seconds === 'number' ? `${formatDuration(seconds)} ago` : 'never',
      text(state['reason']),
    ];
  });
  return rows.length === 0 ? [] : ['', formatTable(sourceColumns, rows, '')];
}

/** What subscribed hosts block themselves, and what stands in their way. */
function subscribers(answer: Answer): string[] {
  const rows = items(answer['subscribers']).flatMap(({ client, enforcers: held }) =>
    items(held).map((each) => [
      text(client),
      text(each['enforcer']),
      text(each['state']),
      text(each['entries']),
      text(each['detail']),
    ]),
  );
  return rows.length === 0 ? [] : ['', formatTable(['SUBSCRIBER', 'ENFORCER', 'STATE', 'ENTRIES', 'REASON'], rows, '')];
}

/** What a firewall does not block, or does not let go, though it answers. */
function refusedLines(answer: Answer): string[] {
  return items(answer['enforcers']).flatMap(({ name, refused, firstRefused, unremoved, firstUnremoved }) => [
    ...refusedLine(`${text(name)}: REFUSED, not blocked`, refused, firstRefused),
    ...refusedLine(`${text(name)}: REFUSED, still blocked`, unremoved, firstUnremoved),
  ]);
}

function refusedLine(what: string, count: unknown, first: unknown): string[] {
  const named = items(first).map(({ network, reason }) => `${text(network)} (${text(reason)})`);
  return Number(count ?? 0) > 0 ? [`${what}: ${plural(Number(count), 'network')}, as ${named.join('; ')}`] : [];
}

/** How full the file is that a firewall keeps its entries in. */
function byteLines(answer: Answer): string[] {
  return items(answer['enforcers']).flatMap(({ name, bytes }) => {
    if (!isObject(bytes)) return [];
    const share = Math.round((Number(bytes['bytes']) / Number(bytes['budgetBytes'])) * 100);
    const used = `${text(bytes['bytes'])} of ${text(bytes['budgetBytes'])} bytes (${share} %)`;
    return [`${text(name)}: the file takes ${used}, and ends at ${text(bytes['mostBytes'])}`];
  });
}

/** What stands in the firewalls and is looked after by nobody here. */
function strayLines(answer: Answer): string[] {
  return items(answer['enforcers']).flatMap(({ name, strays }) =>
    items(strays).map(({ id, isOwn, isAlive, entries }) => {
      const found = `${text(name)}: ${describeStrays(Number(entries), text(id), isOwn === true)}`;
      return isAlive === true
        ? `${found}; another server looks after them`
        : `${found}; adopt ${text(id)} or clear ${text(id)}`;
    }),
  );
}

function enforcers(answer: Answer): string {
  return formatTable(
    ['FIREWALL', 'STATE', 'OURS', 'THEIRS', 'LEFT OUT', 'HELD BACK', 'REASON'],
    items(answer['enforcers']).map((each) => {
      const state = isObject(each['state']) ? each['state'] : {};
      return [
        text(each['name']),
        text(state['kind']),
        text(each['ours']),
        text(each['theirs']),
        text(each['leftOut']),
        text(each['heldBack']),
        text(state['reason']),
      ];
    }),
    'no firewall is configured',
  );
}
