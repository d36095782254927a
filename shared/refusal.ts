import type { Word } from './word.ts';

/**
 * Why an event or a frame was not accepted. The codes are stable: programs may match on them, PROTOCOL.md lists them.
 * A temporary refusal is to be sent again after a pause; a final one never.
 */
export const refusalKinds = {
  /** Not an address or CIDR in a standard spelling. */
  'not-an-address': 'final',
  /** A verb other than ban, unban, lift. */
  'unknown-verb': 'final',
  /** A jail name that is not 1–64 of `A-Z a-z 0-9 . _ @ + -`. */
  'bad-jail': 'final',
  /** A time to live that is not a whole number of seconds from 1 to 3,153,600,000, or null for permanent. */
  'bad-ttl': 'final',
  /** Labels that are not up to 8 short plain texts. */
  'bad-labels': 'final',
  /** The client may not use this verb or this jail; events by hand under the jail `manual` need the verb alone. */
  'not-permitted': 'final',
  /** Loopback, unspecified, link-local, multicast, broadcast. */
  'special-purpose': 'final',
  /** A private range, where those are not allowed. */
  private: 'final',
  /** A network wider than the limit. */
  'too-wide': 'final',
  /** Overlaps a whitelist entry. */
  whitelisted: 'final',
  /** Is or contains an address of this server, a cluster node, a connected client or the `management` set. */
  protected: 'final',
  /** Overlaps infrastructure that very many share: a CDN, a public resolver. */
  infrastructure: 'final',
  /** The client holds as many reports as it may, or reports of as many jails. Final, so that the unbans behind it are not held up; the jail's list brings the ban again. */
  'quota-exceeded': 'final',
  /** The client sends more, or has more connections, than it may; see `retryAfterMs`. */
  'rate-limited': 'temporary',
  /** The record cannot be written now. */
  'ledger-unavailable': 'temporary',
  /** Not a frame of this protocol. The connection closes. */
  malformed: 'final',
  /** The MAC does not fit. The connection closes. */
  'bad-mac': 'final',
  /** A frame seen before, or out of order. The connection closes. */
  replayed: 'final',
  /** Unknown client, key or MAC at login. The connection closes. */
  unauthenticated: 'final',
} as const satisfies Record<string, 'final' | 'temporary'>;

export type RefusalCode = keyof typeof refusalKinds;

/** A code as it comes from the other side, which may be newer and have others. */
export type ReceivedCode = RefusalCode | Word;

/** An answer, never an exception. */
export interface Refusal {
  readonly code: RefusalCode;
  /** A sentence with the offending value, cut and without control characters. */
  readonly detail: string;
}

export function isRefusalCode(text: unknown): text is RefusalCode {
  return typeof text === 'string' && Object.hasOwn(refusalKinds, text);
}

/** A code that is not known here is final: to send an event for ever would hold up all behind it. */
export function isTemporary(code: ReceivedCode): code is RefusalCode {
  return isRefusalCode(code) && refusalKinds[code] === 'temporary';
}

/** A value as it may stand in a log line or an answer: at most 80 characters, control characters shown as `\u…`. */
export function quote(value: unknown): string {
  const text = textOf(value);
  // Cut before and after: the one bounds the work, the other what escaping makes of it.
  const escaped = JSON.stringify(text.slice(0, 81)).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return escaped.length > 82 ? `${escaped.slice(0, 81)}…"` : escaped;
}

/** Lists and objects are not written out: how deep they nest is for the sender to say, and writing them recurses. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return '[…]';
  return typeof value === 'object' && value !== null ? '{…}' : String(value);
}
