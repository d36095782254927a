import type { Source, Verb } from '../shared/frames.ts';
import { carryJail } from '../shared/jail-name.ts';
import { formatLabels, type Labels, labelsAllowed, salvageLabels } from '../shared/labels.ts';
import { jailAlphabet, jailPattern } from '../shared/names.ts';
import { type Network, parseNetwork } from '../shared/network.ts';
import { quote } from '../shared/refusal.ts';
import { readBantime } from './jails/bantime.ts';

/** A line of the queue file, as the fail2ban action or `fail2networkban ban` wrote it. */
export type QueueLine = EventLine | ListChangedLine | UnreadableLine;

export interface EventLine {
  readonly kind: 'event';
  readonly verb: Verb;
  /** As it is carried. */
  readonly jail: string;
  readonly network: Network;
  /** null is permanent; an unban's says nothing. */
  readonly bantimeSeconds: number | null;
  /** fail2ban's `<time>`: when the failure was, milliseconds since the epoch. */
  readonly failedAt: number;
  readonly source: Source;
  readonly labels?: Labels;
  /** Labels that are none: the event goes on without them. */
  readonly wrongLabels?: string;
}

/** The jail's list changed without a line for each network. A stop lifts nothing by itself: the list says what is left. */
export interface ListChangedLine {
  readonly kind: 'flush' | 'stop';
  readonly jail: string;
}

export interface UnreadableLine {
  readonly kind: 'unreadable';
  readonly text: string;
  readonly reason: string;
}

/** Longest line that is looked at; the longest that the action writes has about 200 bytes. */
export const lineMaxBytes = 4_096;

/** Longest name of a jail that is looked at. */
const nameMaxCharacters = 1_000;

const verbs: Readonly<Record<string, Pick<EventLine, 'verb' | 'source'>>> = {
  ban: { verb: 'ban', source: 'jail' },
  // bantime.increment: the same ban, longer.
  prolong: { verb: 'ban', source: 'jail' },
  unban: { verb: 'unban', source: 'jail' },
  'hand-ban': { verb: 'ban', source: 'hand' },
  'hand-unban': { verb: 'unban', source: 'hand' },
  'hand-lift': { verb: 'lift', source: 'hand' },
};

/**
 * Reads one line, without its newline: tab-separated `v1 <verb> <jail> <ip> <bantime> <failures> <bancount> <time>`
 * and perhaps `<labels>`,
 * `v1 flush <jail> <family>` or `v1 stop <jail>`. fail2ban checks neither addresses (`banip` takes any text) nor names.
 */
export function parseQueueLine(text: string): QueueLine {
  const [version, verb = '', name = '', ...rest] = text.split('\t');
  if (version !== 'v1') return unreadable(text, `begins with ${quote(version)}, not v1`);
  const jail = verb.startsWith('hand-') ? name : readName(name);
  if (jail === undefined || !jailPattern.test(jail)) {
    return unreadable(text, `jail ${quote(name)}: allowed are ${jailAlphabet}`);
  }
  if (verb === 'flush' || verb === 'stop') return { kind: verb, jail };
  const meaning = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
  if (meaning === undefined) return unreadable(text, `verb ${quote(verb)} is none of the action's`);
  return parseEvent(text, { ...meaning, jail }, rest);
}

function parseEvent(
  text: string,
  head: Pick<EventLine, 'verb' | 'source' | 'jail'>,
  rest: readonly string[],
): QueueLine {
  const [address = '', bantime = '', , , time = '', labelText = ''] = rest;
  if (rest.length !== 5 && rest.length !== 6) return unreadable(text, `has ${rest.length + 3} fields, not 8 or 9`);
  const network = parseNetwork(address);
  if (network === undefined) return unreadable(text, `${quote(address)} is not an IPv4 or IPv6 address or CIDR`);
  const bantimeSeconds = readBantime(bantime);
  if (bantimeSeconds === undefined) return unreadable(text, `bantime ${quote(bantime)} is not seconds or -1`);
  const failedAt = parseTime(time);
  if (failedAt === undefined) return unreadable(text, `time ${quote(time)} is not seconds since the epoch`);
  const event = { kind: 'event', ...head, network, bantimeSeconds, failedAt } as const;
  if (labelText === '') return event;
  const { labels, wrong } = salvageLabels(labelText);
  if (wrong.length === 0) return { ...event, labels };
  const wrongLabels = `labels ${quote(wrong.join())}: allowed are ${labelsAllowed}; all else of the line counts`;
  return { ...event, labels, wrongLabels };
}

/** The line, with its newline, that hands over a ban or unban by hand while no agent runs. */
export function formatHandLine(event: Omit<EventLine, 'kind' | 'source'>): string {
  const { verb, jail, network, bantimeSeconds, failedAt, labels } = event;
  const cells = ['v1', `hand-${verb}`, jail, network, bantimeSeconds ?? -1, 0, 0, failedAt / 1_000];
  return `${[...cells, ...(labels === undefined ? [] : [formatLabels(labels)])].join('\t')}\n`;
}

/** A name as fail2ban knows it, turned into the one that is carried. */
function readName(name: string): string | undefined {
  // A tag that fail2ban left as it is names no jail.
  return name === '' || name === '<name>' || name.length > nameMaxCharacters ? undefined : carryJail(name);
}

/** Python writes a float with as many digits as it has; an exponent cannot occur between 1970 and 5138. */
function parseTime(text: string): number | undefined {
  return /^[0-9]{1,11}(?:\.[0-9]{1,20})?$/.test(text) ? Math.round(Number(text) * 1_000) : undefined;
}

function unreadable(text: string, reason: string): UnreadableLine {
  return { kind: 'unreadable', text, reason };
}
