import { enumerate } from '../../../shared/enumerate.ts';
import { plural } from '../../../shared/plural.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { formatTable } from '../../../shared/table.ts';
import type { Answer } from '../ask.ts';
import { items, strings, text } from './answer-text.ts';
import type { Times } from './times.ts';

/** How the answers about enrolled hosts look. */
export function showClients(times: Times) {
  return {
    enrolled: showEnrolled,
    rotated: (answer: Answer): string => showRotated(answer, times),
    changed: showChanged,
    revoked: (answer: Answer): string =>
      `${text(answer['name'])}: revoked, ${plural(Number(answer['lifted']), 'report')} lifted`,
    clients: (answer: Answer): string => showList(answer, times),
  };
}

function showEnrolled({ name, enrolment, token, url }: Answer): string {
  if (token !== undefined) return showToken(`${text(name)} has a token for ${text(url)}. It is shown once:`, token);
  return [
    `${text(name)} is enrolled. On the host run`,
    '',
    '  fail2networkban setup --enroll -',
    '',
    ...pasted(enrolment),
  ].join('\n');
}

/** Not as an argument: the key in it would stay in the shell's history. */
function pasted(enrolment: unknown): string[] {
  return ['and paste this line there, which is shown once:', '', `  ${text(enrolment)}`];
}

function showToken(line: string, token: unknown): string {
  return [line, '', `  ${text(token)}`].join('\n');
}

function showRotated({ name, enrolment, token, oldKeyEndsAt }: Answer, { remaining }: Times): string {
  const left = remaining(oldKeyEndsAt);
  const until = left === '0s' ? 'has ended.' : `goes on for ${left}.`;
  if (token !== undefined)
    return `${showToken(`${text(name)} has a new token. It is shown once:`, token)}\n\nThe old token ${until}`;
  return [
    `${text(name)} has a new key. On the host run`,
    '',
    '  fail2networkban enroll --force',
    '',
    ...pasted(enrolment),
    '',
    `The host's agent takes the key when it is restarted, as that command says. The old key ${until}`,
  ].join('\n');
}

function showChanged(answer: Answer): string {
  const leftOver = Number(answer['leftOver']);
  const may = strings(answer['may']);
  const follows = may.includes('subscribe') ? `, follows ${strings(answer['follows']).join(',')}` : '';
  const networks = strings(answer['from']).join(',');
  const from = networks === '' ? '' : `, from ${networks}`;
  const line = `${text(answer['name'])}: may ${may.join(',')}, jails ${strings(answer['jails']).join(',')}${follows}${from}`;
  if (leftOver === 0) return line;
  return `${line}\n${plural(leftOver, 'ban')} of jails that it may no longer use: each stays until its time ends or you unban it`;
}

function showList(answer: Answer, { when }: Times): string {
  const rows = items(answer['clients']).map((client) => [
    text(client['name']),
    strings(client['may']).join(','),
    strings(client['jails']).join(','),
    strings(client['may']).includes('subscribe') ? strings(client['follows']).join(',') : '',
    strings(client['from']).join(',') || 'any',
    text(client['reports']),
    String(items(client['connections']).length),
    when(client['lastSeen']),
    text(client['description']),
  ]);
  const table = formatTable(
    ['CLIENT', 'MAY', 'JAILS', 'FOLLOWS', 'FROM', 'REPORTS', 'CONNECTIONS', 'LAST SEEN (UTC)', 'DESCRIPTION'],
    rows,
    'no clients; enroll one with: fail2networkban-server client add NAME',
  );
  const clients = items(answer['clients']);
  const lines = clients.flatMap((client) => [...ignoreipLines(client), ...elsewhereLines(client, when)]);
  return [table, ...lines].join('\n');
}

/** What the host's own jails never ban. Nearly every `ignoreip` has loopback in it: that alone is not worth a line. */
function ignoreipLines({ name, ignoreip }: Answer): string[] {
  if (!isObject(ignoreip)) return [];
  const networks = strings(ignoreip['networks']);
  const leftOut = items(ignoreip['leftOut']);
  if (networks.length === 0 && leftOut.every(({ code }) => code === 'special-purpose')) return [];
  const how = ignoreip['protected'] === true ? 'protected' : 'not protected';
  const taken = networks.length === 0 ? 'nothing' : `${enumerate(networks)} (${how})`;
  const others = leftOut.map(({ network, code }) => `${text(network)} (${text(code)})`);
  const not = others.length === 0 ? '' : `; not taken: ${enumerate(others)}`;
  return [`${text(name)} offers by ignoreip: ${taken}${not}`];
}

/** A good key from where its client is not bound to. */
function elsewhereLines({ name, elsewhere }: Answer, when: Times['when']): string[] {
  if (!isObject(elsewhere)) return [];
  const { address, at } = elsewhere;
  return [`${text(name)} was refused at ${text(address)}, ${when(at)}: a good key from outside of its networks`];
}
