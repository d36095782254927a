import { FrameError, field, isIntegerBetween } from './field-reader.ts';
import {
  type AnswerFrame,
  type Enforcement,
  type EventResult,
  enforcementStates,
  type FeedBan,
  type FeedFrame,
  type FeedKey,
  type HelloFrame,
  type OwnReport,
  type Permission,
  permissions,
  type ReceivedByClient,
  type SettledFrame,
} from './frames.ts';
import { labelsAllowed, readLabels } from './labels.ts';
import { limits } from './limits.ts';
import { clientAlphabet, jailAlphabet, jailPattern, reporterPattern } from './names.ts';
import { type Network, parseNetwork } from './network.ts';
import { isTtl, unknownState } from './parse-frame.ts';
import { ledgerIdPattern } from './parse-subscribe.ts';
import type { ReceivedCode } from './refusal.ts';
import { isWord, knownOf, wordAllowed } from './word.ts';

type Fields = Readonly<Record<string, unknown>>;

const most = Number.MAX_SAFE_INTEGER;
const anyText = /^[^\0]{0,1000}$/s;
const patternText = /^[A-Za-z0-9._@+*%~-]{1,64}$/;

/** @throws FrameError */
export function parseHello(fields: Fields): HelloFrame {
  field.choice(fields, 'type', ['hello']);
  return { type: 'hello', nonce: field.text(fields, 'nonce', /^[A-Za-z0-9_-]{43}$/, '32 bytes in base64url') };
}

const types = ['welcome', 'results', 'differing', 'settled', 'withdrawn', 'answer', 'feed', 'refused'] as const;
/** Permissions that a welcome may name, those of newer servers among them. */
const permissionsMax = 32;

/**
 * Checks what a server that has proved itself says, as strictly as the server checks an agent. What a newer one may say
 * is read as PROTOCOL.md, "Newer versions", says.
 *
 * @throws FrameError
 */
export function parseFrameToClient(fields: Fields): ReceivedByClient {
  const name = field.word(fields, 'type');
  const type = knownOf(types, name);
  switch (type) {
    case undefined:
      return { type: 'unknown', name };
    case 'welcome':
      return {
        type,
        server: field.text(fields, 'server', anyText, 'a name'),
        may: parsePermissions(fields),
        jails: field.list(fields, 'jails', { least: 0, most: limits.jailsPerFrameMax }, (item) =>
          field.text({ item }, 'item', patternText, 'a pattern of jail names'),
        ),
      };
    case 'results':
      return {
        type,
        results: field.list(fields, 'results', { least: 0, most: limits.eventsPerFrameMax }, parseResult),
        ...(fields['retryAfterMs'] === undefined
          ? {}
          : { retryAfterMs: field.integer(fields, 'retryAfterMs', 0, 3_600_000) }),
      };
    case 'differing':
      return { type, jails: field.list(fields, 'jails', { least: 0, most: limits.jailsPerFrameMax }, parseJailName) };
    case 'settled':
      return parseSettled(fields);
    case 'withdrawn':
      return {
        type,
        jail: parseJailName(fields['jail']),
        count: field.integer(fields, 'count', 0, limits.unlistedMax),
      };
    case 'answer':
      return parseAnswer(fields);
    case 'feed':
      return parseFeed(fields);
    case 'refused':
      return { type, code: readCode(fields['code']), detail: field.text(fields, 'detail', anyText, 'a text') };
  }
}

/** What a permission of a newer server allows is nothing that this version does. */
function parsePermissions(fields: Fields): Permission[] {
  const words = field.list(fields, 'may', { least: 0, most: permissionsMax }, (item) => field.word({ item }, 'item'));
  return permissions.filter((permission) => words.some((word) => word === permission));
}

function parseResult(item: unknown): EventResult<ReceivedCode> {
  const fields = field.object(item, 'results');
  const number = field.integer(fields, 'number', 1, most);
  const outcome = field.choice(fields, 'outcome', ['recorded', 'repeated', 'refused']);
  if (outcome !== 'refused') return { number, outcome };
  return { number, outcome, code: readCode(fields['code']), detail: field.text(fields, 'detail', anyText, 'a text') };
}

function parseSettled(fields: Fields): SettledFrame<ReceivedCode> {
  const refused: Partial<Record<ReceivedCode, number>> = {};
  for (const [code, count] of Object.entries(field.object(fields['refused'], 'refused'))) {
    if (!isIntegerBetween(count, 1, most)) throw new FrameError(code, count, 'a count');
    refused[readCode(code)] = count;
  }
  return {
    type: 'settled',
    jail: parseJailName(fields['jail']),
    added: field.integer(fields, 'added', 0, most),
    withdrawn: 0,
    // A server of before withdraws by the list alone, and names nothing.
    unlisted:
      fields['unlisted'] === undefined
        ? []
        : field.list(fields, 'unlisted', { least: 0, most: limits.unlistedMax }, readNetwork),
    refused,
    ...(fields['lifted'] === undefined ? {} : { lifted: field.integer(fields, 'lifted', 1, most) }),
  };
}

function parseAnswer(fields: Fields): AnswerFrame {
  const bounds = { least: 0, most: limits.reportsPerAnswerMax };
  return {
    type: 'answer',
    id: field.integer(fields, 'id', 0, most),
    ...(fields['bans'] === undefined ? {} : { bans: field.list(fields, 'bans', bounds, parseOwnReport) }),
    ...(fields['banned'] === undefined ? {} : { banned: fields['banned'] === true }),
    ...(fields['enforcement'] === undefined
      ? {}
      : { enforcement: field.list(fields, 'enforcement', bounds, parseEnforcement) }),
  };
}

function parseOwnReport(item: unknown): OwnReport {
  const fields = field.object(item, 'bans');
  const ttlSeconds = fields['ttlSeconds'];
  if (!isTtl(ttlSeconds)) throw new FrameError('ttlSeconds', ttlSeconds, 'seconds or null');
  const report = { network: readNetwork(fields['network']), jail: parseJailName(fields['jail']), ttlSeconds };
  if (fields['enforcement'] === undefined) return report;
  const bounds = { least: 0, most: limits.reportsPerAnswerMax };
  return { ...report, enforcement: field.list(fields, 'enforcement', bounds, parseEnforcement) };
}

function parseEnforcement(item: unknown): Enforcement {
  const fields = field.object(item, 'enforcement');
  const enforcer = field.text(fields, 'enforcer', anyText, 'a name');
  const word = field.word(fields, 'state');
  const state = knownOf(enforcementStates, word);
  if (state === undefined) return { enforcer, state: 'failing', detail: unknownState(word) };
  return {
    enforcer,
    state,
    ...(fields['detail'] === undefined ? {} : { detail: field.text(fields, 'detail', anyText, 'a text') }),
  };
}

function parseFeed(fields: Fields): FeedFrame {
  const bounds = { least: 0, most: limits.feedReportsPerFrameMax };
  return {
    type: 'feed',
    part: field.choice(fields, 'part', ['snapshot', 'snapshot-end', 'changes']),
    ledger: field.text(fields, 'ledger', ledgerIdPattern, 'the id of a ledger'),
    sequence: field.integer(fields, 'sequence', 0, most),
    paused: fields['paused'] === true,
    bans: field.list(fields, 'bans', bounds, parseFeedBan),
    ended: field.list(fields, 'ended', bounds, parseFeedKey),
  };
}

function parseFeedBan(item: unknown): FeedBan {
  const [, , , ttlSeconds, given]: readonly unknown[] = Array.isArray(item) ? item : [];
  const key = parseFeedKey(item);
  if (!isTtl(ttlSeconds)) throw new FrameError('bans', ttlSeconds, 'seconds or null');
  if (given === undefined) return [...key, ttlSeconds];
  const labels = readLabels(given);
  if (labels === undefined) throw new FrameError('bans', given, labelsAllowed);
  return [...key, ttlSeconds, labels];
}

function parseFeedKey(item: unknown): FeedKey {
  const [network, client, jail]: readonly unknown[] = Array.isArray(item) ? item : [];
  return [readNetwork(network), field.text({ client }, 'client', reporterPattern, clientAlphabet), parseJailName(jail)];
}

function parseJailName(value: unknown): string {
  return field.text({ jail: value }, 'jail', jailPattern, jailAlphabet);
}

function readNetwork(value: unknown): Network {
  const network = typeof value === 'string' ? parseNetwork(value) : undefined;
  if (network === undefined) throw new FrameError('network', value, 'a network');
  return network;
}

function readCode(value: unknown): ReceivedCode {
  if (!isWord(value)) throw new FrameError('code', value, `a refusal code: ${wordAllowed}`);
  return value;
}
