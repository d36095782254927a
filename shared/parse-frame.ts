import { FrameError, field, isIntegerBetween } from './field-reader.ts';
import {
  type BanEvent,
  type FrameToServer,
  type HostEnforcer,
  hostEnforcerStates,
  type JailEntry,
  type LoginPayload,
  type ReceivedByServer,
  type ReceivedEvent,
  type ReceivedQuestion,
  type Source,
  type Verb,
  verbs,
} from './frames.ts';
import { labelsAllowed, readLabels } from './labels.ts';
import { limits } from './limits.ts';
import { clientPattern, jailAlphabet, jailPattern, keyIdPattern } from './names.ts';
import { type Network, parseNetwork } from './network.ts';
import { parseSubscribe } from './parse-subscribe.ts';
import { quote, type RefusalCode } from './refusal.ts';
import { isWord, knownOf, type Word } from './word.ts';

type Fields = Readonly<Record<string, unknown>>;

const streamPattern = /^[A-Za-z0-9_-]{8,64}$/;
const digestPattern = /^[0-9a-f]{64}$/;
const noncePattern = /^[A-Za-z0-9_-]{43}$/;
const agentPattern = /^[\x20-\x7e]{1,64}$/;
const enforcerPattern = /^[A-Za-z0-9][A-Za-z0-9._@+/-]{0,99}$/;
const detailPattern = /^\P{Cc}{0,300}$/u;
const loginPattern = /^([A-Za-z0-9._-]{1,64}):([A-Za-z0-9_-]{8}):([A-Za-z0-9_-]{43}\.\{.*)$/s;

/** The parts of a login text that may be looked at before its MAC is checked. */
export interface LoginEnvelope {
  readonly client: string;
  readonly keyId: string;
  /** `<mac>.<payload>` */
  readonly sealed: string;
}

/** Takes a login text apart by one short pattern, or returns undefined. */
export function parseLoginEnvelope(text: string): LoginEnvelope | undefined {
  const [, client, keyId, sealed] = loginPattern.exec(text) ?? [];
  if (client === undefined || keyId === undefined || sealed === undefined) return undefined;
  return clientPattern.test(client) && keyIdPattern.test(keyId) ? { client, keyId, sealed } : undefined;
}

/** @throws FrameError */
export function parseLoginPayload(fields: Fields): LoginPayload {
  field.choice(fields, 'type', ['login']);
  return {
    type: 'login',
    nonce: field.text(fields, 'nonce', noncePattern, '32 bytes in base64url'),
    agent: field.text(fields, 'agent', agentPattern, '1–64 printable ASCII characters'),
  };
}

const types = ['events', 'jails', 'jail', 'missing', 'query', 'subscribe', 'enforcers'] as const;

/**
 * Checks a verified payload once, at the door. What is wrong with one event is that event's refusal; what an honest
 * agent cannot send is a FrameError. What a newer one may say is read as PROTOCOL.md, "Newer versions", says.
 *
 * @throws FrameError
 */
export function parseFrameToServer(fields: Fields): ReceivedByServer {
  const name = field.word(fields, 'type');
  const type = knownOf(types, name);
  switch (type) {
    case undefined:
      return { type: 'unknown', name };
    case 'events':
      return { type, stream: field.text(fields, 'stream', streamPattern, 'a stream id'), events: parseEvents(fields) };
    case 'jails':
      return { type, digests: parseDigests(fields), ...parseIgnoreip(fields) };
    case 'jail':
      return parseJail(fields);
    case 'missing':
      return parseMissing(fields);
    case 'query':
      return { type, id: field.integer(fields, 'id', 0, Number.MAX_SAFE_INTEGER), ...parseQuestion(fields) };
    case 'subscribe':
      return parseSubscribe(fields);
    case 'enforcers':
      return {
        type,
        enforcers: field.list(fields, 'enforcers', { least: 0, most: limits.enforcersMax }, parseEnforcer),
      };
  }
}

function parseEvents(fields: Fields): ReceivedEvent[] {
  let before = 0;
  return field.list(fields, 'events', { least: 1, most: limits.eventsPerFrameMax }, (item) => {
    const event = parseEvent(field.object(item, 'events'));
    if (event.number <= before) throw new FrameError('number', event.number, `above ${before}, the number before it`);
    before = event.number;
    return event;
  });
}

function parseEvent(fields: Fields): ReceivedEvent {
  const number = field.integer(fields, 'number', 1, Number.MAX_SAFE_INTEGER);
  const verb = fields['verb'];
  if (!isVerb(verb)) return unreadable(number, 'unknown-verb', `verb ${quote(verb)}: allowed are ban, unban, lift`);
  const jail = fields['jail'];
  if (typeof jail !== 'string' || !jailPattern.test(jail)) {
    return unreadable(number, 'bad-jail', `jail ${quote(jail)}: allowed are ${jailAlphabet}`);
  }
  const network = readNetwork(fields['network']);
  if (network === undefined) {
    return unreadable(number, 'not-an-address', `${quote(fields['network'])} is not an IPv4 or IPv6 address or CIDR`);
  }
  const ttlSeconds = verb === 'ban' ? fields['ttlSeconds'] : null;
  if (!isTtl(ttlSeconds)) return unreadable(number, 'bad-ttl', `ttlSeconds ${quote(ttlSeconds)}: ${ttlAllowed}`);
  const source = readSource(fields['source']);
  if (verb !== 'ban' || fields['labels'] === undefined) return { number, verb, jail, network, ttlSeconds, source };
  const labels = readLabels(fields['labels']);
  if (labels === undefined)
    return unreadable(number, 'bad-labels', `labels ${quote(fields['labels'])}: allowed are ${labelsAllowed}`);
  return { number, verb, jail, network, ttlSeconds, source, labels } satisfies BanEvent;
}

function parseDigests(fields: Fields): { jail: string; digest: string }[] {
  const jails = new Set<string>();
  return field.list(fields, 'digests', { least: 0, most: limits.jailsPerFrameMax }, (item) => {
    const digest = parseDigest(item);
    if (jails.has(digest.jail)) throw new FrameError('digests', digest.jail, 'a jail that was not named before');
    jails.add(digest.jail);
    return digest;
  });
}

function parseIgnoreip(fields: Fields): { readonly ignoreip?: readonly Network[] } {
  if (fields['ignoreip'] === undefined) return {};
  const ignoreip = field.list(fields, 'ignoreip', { least: 0, most: limits.ignoreipMax }, (item) => {
    const network = readNetwork(item);
    if (network === undefined) throw new FrameError('ignoreip', item, 'networks');
    return network;
  });
  return { ignoreip };
}

function parseDigest(item: unknown): { jail: string; digest: string } {
  const fields = field.object(item, 'digests');
  return {
    jail: field.text(fields, 'jail', jailPattern, jailAlphabet),
    digest: field.text(fields, 'digest', digestPattern, 'SHA-256 in hexadecimal'),
  };
}

function parseJail(fields: Fields): FrameToServer {
  const parts = field.integer(fields, 'parts', 1, limits.partsMax);
  return {
    type: 'jail',
    jail: field.text(fields, 'jail', jailPattern, jailAlphabet),
    parts,
    part: field.integer(fields, 'part', 1, parts),
    entries: field.list(fields, 'entries', { least: 0, most: limits.entriesPerPartMax }, parseEntry),
  };
}

function parseMissing(fields: Fields): FrameToServer {
  return {
    type: 'missing',
    jail: field.text(fields, 'jail', jailPattern, jailAlphabet),
    seconds: field.integer(fields, 'seconds', 1, limits.ttlMaxSeconds),
    networks: field.list(fields, 'networks', { least: 1, most: limits.unlistedMax }, (item) => {
      const network = readNetwork(item);
      if (network === undefined) throw new FrameError('networks', item, 'a network');
      return network;
    }),
  };
}

function parseEntry(item: unknown): JailEntry {
  const [text, ttlSeconds, bound]: readonly unknown[] = Array.isArray(item) ? item : [];
  const network = readNetwork(text);
  if (network === undefined) throw new FrameError('entries', text, 'a network');
  if (!isTtl(ttlSeconds)) throw new FrameError('entries', ttlSeconds, ttlAllowed);
  if (bound === undefined) return [network, ttlSeconds];
  if (!isWord(bound)) throw new FrameError('entries', bound, "'at-most' or nothing");
  // Whatever a newer agent means: a report that stands keeps its end.
  return [network, ttlSeconds, 'at-most'];
}

function parseEnforcer(item: unknown): HostEnforcer {
  const fields = field.object(item, 'enforcers');
  const enforcer = field.text(fields, 'enforcer', enforcerPattern, 'kind/name');
  const entries = field.integer(fields, 'entries', 0, Number.MAX_SAFE_INTEGER);
  const word = field.word(fields, 'state');
  const state = knownOf(hostEnforcerStates, word);
  if (state === undefined) return { enforcer, state: 'failing', entries, detail: unknownState(word) };
  const head = { enforcer, state, entries };
  if (fields['detail'] === undefined) return head;
  return { ...head, detail: field.text(fields, 'detail', detailPattern, 'up to 300 characters') };
}

/** Why a state of a newer side counts as `failing`: who does not know what it means must not say that all is well. */
export function unknownState(word: Word): string {
  return `${word}: a state that this version does not know`;
}

function parseQuestion(fields: Fields): ReceivedQuestion {
  const about = knownOf(['self', 'bans', 'network'], field.word(fields, 'about'));
  if (about === undefined) return { about: 'unknown' };
  if (about !== 'network') return { about };
  const network = readNetwork(fields['network']);
  if (network === undefined) throw new FrameError('network', fields['network'], 'a network');
  return { about, network };
}

const ttlAllowed = `allowed are whole seconds from 1 to ${limits.ttlMaxSeconds}, or null for permanent`;

/** A ban's time to live: whole seconds, or null for permanent. */
export function isTtl(value: unknown): value is number | null {
  return value === null || isIntegerBetween(value, 1, limits.ttlMaxSeconds);
}

export function isVerb(value: unknown): value is Verb {
  return verbs.some((verb) => verb === value);
}

function readSource(value: unknown): Source {
  return value === 'hand' ? 'hand' : 'jail';
}

function readNetwork(value: unknown): Network | undefined {
  return typeof value === 'string' ? parseNetwork(value) : undefined;
}

function unreadable(number: number, code: RefusalCode, detail: string): ReceivedEvent {
  return { number, refusal: { code, detail } };
}
