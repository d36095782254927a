import type { RefusalCode } from '../../shared/refusal.ts';
import { type Answer, withHeaders } from './answer.ts';

/** Why a request was not carried out: a refusal of the protocol, or of HTTP. The codes are stable. */
export type ProblemCode = RefusalCode | HttpProblemCode;

type HttpProblemCode =
  | 'not-found'
  | 'method-not-allowed'
  | 'bad-argument'
  | 'too-large'
  | 'unavailable'
  | 'upgrade-required'
  | 'internal-error';

/** An answer, never an exception. */
export interface Problem {
  readonly code: ProblemCode;
  /** A sentence with the offending name, value and what is allowed, cut and without control characters. */
  readonly detail: string;
}

/** Status and title of each, for {@link problemAnswer}. */
const kinds: Readonly<Record<ProblemCode, readonly [status: number, title: string]>> = {
  'not-found': [404, 'There is nothing here'],
  'method-not-allowed': [405, 'Not with this method'],
  'bad-argument': [400, 'An argument is wrong'],
  'too-large': [413, 'The request is too large'],
  unavailable: [503, 'Not now'],
  'upgrade-required': [426, 'Only WebSocket'],
  'internal-error': [500, 'A fault of the server'],
  malformed: [400, 'The request cannot be read'],
  'not-an-address': [400, 'Not an address or CIDR'],
  'unknown-verb': [400, 'Unknown verb'],
  'bad-jail': [400, 'Not the name of a jail'],
  'bad-ttl': [400, 'Not a time to live'],
  'bad-labels': [400, 'Not labels'],
  unauthenticated: [401, 'Who are you?'],
  'not-permitted': [403, 'The client may not do this'],
  'quota-exceeded': [403, 'The client holds as many bans as it may'],
  'special-purpose': [422, 'No attacker can have this address'],
  private: [422, 'A private network'],
  'too-wide': [422, 'The network is too wide'],
  whitelisted: [422, 'The network is whitelisted'],
  protected: [422, 'The network is protected'],
  infrastructure: [422, 'The network is shared by very many'],
  'rate-limited': [429, 'Too many requests'],
  'ledger-unavailable': [503, 'The record cannot be written now'],
  'bad-mac': [400, 'Not of HTTP'],
  replayed: [400, 'Not of HTTP'],
};

/** The status that a problem of this code is answered with. */
export function statusOf(code: ProblemCode): number {
  return kinds[code][0];
}

/** For whoever is to come back, seconds. */
const retryAfterSeconds = '5';

/** Problem details (RFC 9457), with the code of the refusal beside the members of the standard. */
export function problemAnswer({ code, detail }: Problem): Answer {
  const [status, title] = kinds[code];
  const problem = { type: `urn:fail2networkban:problem:${code}`, title, status, detail, code };
  const answer = {
    status,
    headers: { 'content-type': 'application/problem+json; charset=utf-8' },
    body: `${JSON.stringify(problem)}\n`,
  };
  const hint = hintOf(status);
  return hint === undefined ? answer : withHeaders(answer, hint);
}

function hintOf(status: number): Readonly<Record<string, string>> | undefined {
  if (status === 401) return { 'www-authenticate': 'Bearer, Basic realm="fail2networkban", charset="UTF-8"' };
  if (status === 426) return { upgrade: 'websocket' };
  return status === 429 || status === 503 ? { 'retry-after': retryAfterSeconds } : undefined;
}
