import { formatDuration } from '../../../shared/duration.ts';
import { showJail } from '../../../shared/jail-name.ts';
import { plural } from '../../../shared/plural.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { formatTable } from '../../../shared/table.ts';
import type { Answer } from '../ask.ts';
import { items, reporters, text } from './answer-text.ts';
import { firewallClauses, foreignLines } from './show-firewalls.ts';
import type { Times } from './times.ts';

/** Bans inside a CIDR that are named; the others are counted. */
const insideShownMax = 10;

/** How the answers about bans look. */
export function showBans(times: Times) {
  return {
    ban: (answer: Answer): string => showBan(answer, times),
    unban: (answer: Answer): string => showUnban(answer, times),
    bans: (answer: Answer): string => showList(answer, times),
    lookup: (answer: Answer): string => showLookup(answer, times),
    history: (answer: Answer): string => showHistory(answer, times),
  };
}

function showBan(answer: Answer, { remaining, stillFor }: Times): string {
  if (answer['outcome'] === 'refused') return refused(answer);
  const network = text(answer['network']);
  const endsAt = answer['endsAt'];
  const howToEnd = typeof endsAt === 'number' ? '' : `; end it with: fail2networkban-server unban ${network}`;
  const lines = [`${network}: banned ${stillFor(endsAt)}${howToEnd}`];
  const replaced = answer['replaced'];
  if (isObject(replaced) && remaining(replaced['endsAt']) !== remaining(endsAt))
    lines.push(`it takes the place of your ban ${stillFor(replaced['endsAt'])}`);
  if (answer['banEndsAt'] !== endsAt)
    lines.push(`others report it ${stillFor(answer['banEndsAt'])}: so long it stays banned`);
  const why = heldBack(answer);
  if (why !== undefined) lines.push(`it is not in force yet, ${why}`);
  return lines.join('\n');
}

function showUnban(answer: Answer, times: Times): string {
  if (answer['outcome'] === 'refused') return refused(answer);
  const network = text(answer['network']);
  const lifted = items(answer['lifted']);
  const isBanned = lifted.some((report) => report['network'] === network);
  const covering = items(answer['coveredBy']).map(
    (ban) => `${banned(ban, times)}; to lift that: fail2networkban-server unban ${text(ban['network'])}`,
  );
  return [
    ...(isBanned ? [] : [`${network} is not banned`]),
    ...liftedLines(lifted),
    ...afterLines(answer, lifted),
    ...covering,
    ...insideLines(answer),
    ...foreignLines(answer['enforcement'], covering.length > 0),
    ...unknownLines(answer),
  ].join('\n');
}

/** Firewalls that still block what was lifted, or may. */
function unknownLines({ enforcement }: Answer): string[] {
  return items(enforcement).flatMap((word) => {
    if (word['state'] === 'refused') return [`still blocked: ${firewallClauses([word])}`];
    return word['state'] === 'failing' ? [`maybe still blocked: ${firewallClauses([word])}`] : [];
  });
}

/** What holds from now on. */
function afterLines({ network, allowedForSeconds }: Answer, lifted: readonly Answer[]): string[] {
  if (allowedForSeconds === undefined) return lifted.length > 0 ? ['banned again only when a host bans it anew'] : [];
  const howLong = typeof allowedForSeconds === 'number' ? `for ${formatDuration(allowedForSeconds)}` : 'for ever';
  return [`${text(network)}: whitelisted ${howLong}`];
}

function showList(answer: Answer, { remaining }: Times): string {
  const rows = items(answer['bans']).map((ban) => [
    text(ban['network']),
    remaining(ban['endsAt']),
    reporters(ban['reports']),
    firewallClauses(ban['enforcement']) || (heldBack(ban) ?? ''),
  ]);
  const table = formatTable(['NETWORK', 'ENDS IN', 'REPORTED BY', 'FIREWALLS'], rows, 'no bans');
  return answer['isCut'] === true ? `${table}\n${firewallsLeftOut}` : table;
}

const firewallsLeftOut =
  'of so many bans only what a firewall refuses is named; the rest: --jail or --client, or fail2networkban-server lookup NETWORK';

function showLookup(answer: Answer, times: Times): string {
  const bans = items(answer['bans']).map((ban) => banned(ban, times));
  const lifted = items(answer['lifted']).map(
    (report) => `lifted by an operator, still in the jail: ${reporters([report])} ${times.stillFor(report['endsAt'])}`,
  );
  const { refusal } = answer;
  return [
    ...(bans.length === 0 ? ['not banned'] : bans),
    ...lifted,
    ...insideLines(answer),
    isObject(refusal)
      ? `a ban would be refused: ${text(refusal['code'])}, ${text(refusal['detail'])}`
      : 'a ban would be accepted',
    ...hostLines(answer),
    ...foreignLines(answer['enforcement'], bans.length > 0),
    `firewalls: ${firewallClauses(answer['enforcement'])}`,
  ].join('\n');
}

function showHistory(answer: Answer, { when }: Times): string {
  const rows = items(answer['history']).map((entry) => [
    when(entry['at']),
    text(entry['kind']),
    text(entry['network']),
    text(entry['client']),
    showJail(text(entry['jail'])),
    text(entry['actor']),
    text(entry['reason']),
  ]);
  return formatTable(['WHEN (UTC)', 'WHAT', 'NETWORK', 'CLIENT', 'JAIL', 'BY', 'WHY'], rows, 'no history');
}

function banned(ban: Answer, { stillFor }: Times): string {
  const why = heldBack(ban);
  const held = why === undefined ? '' : `; not in force, ${why}`;
  return `banned as ${text(ban['network'])} ${stillFor(ban['endsAt'])}: ${reporters(ban['reports'])}${held}`;
}

/** A refusal with its code. */
export function refused(answer: Answer): string {
  return `${text(answer['network'])}: refused, ${text(answer['code'])}: ${text(answer['detail'])}`;
}

/** The bans inside a CIDR, which its own end does not touch. */
function insideLines({ insideCount, inside }: Answer): string[] {
  const count = Number(insideCount);
  if (count === 0) return [];
  const shown = items(inside).slice(0, insideShownMax);
  const others = count > shown.length ? `, and ${count - shown.length} more` : '';
  const networks = shown.map((ban) => `${text(ban['network'])} (${reporters(ban['reports'])})`).join(', ');
  return [`${plural(count, 'ban')} inside it: ${networks}${others}`];
}

/** One line for each network whose reports were lifted. */
export function liftedLines(lifted: unknown): string[] {
  const reports = items(lifted);
  const networks = new Set(reports.map(({ network }) => text(network)));
  return Array.from(networks, (network) => {
    const own = reports.filter((report) => report['network'] === network);
    return `${network}: ${plural(own.length, 'report')} lifted: ${reporters(own)}`;
  });
}

/** Why a ban is not in force, in a clause. */
function heldBack(ban: Answer): string | undefined {
  const why = ban['heldBack'];
  return isObject(why) ? `held back: ${text(why['detail'])}` : undefined;
}

function hostLines({ hostIn }: Answer): string[] {
  return hostIn === undefined ? [] : [`a ban would be held back: ${text(hostIn)}`];
}
