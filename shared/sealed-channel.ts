import type { Refusal } from './refusal.ts';
import { type SessionKeys, seal, unseal } from './signing.ts';

/** What came in: the payload's JSON value with its sequence number checked, or why it is not believed. */
export type Opened =
  | { readonly kind: 'opened'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/**
 * One end of an authenticated connection. Numbers what it sends and believes only the next number, so a frame that is
 * replayed, dropped, reordered, reflected or from another connection is refused. No clock is involved.
 */
export class SealedChannel {
  readonly #sendKey: Buffer;
  readonly #receiveKey: Buffer;
  #sent = 0;
  #received = 0;

  constructor(keys: SessionKeys, end: 'server' | 'client') {
    this.#sendKey = end === 'server' ? keys.toClient : keys.toServer;
    this.#receiveKey = end === 'server' ? keys.toServer : keys.toClient;
  }

  /** The text to send for a frame; takes the next sequence number. */
  seal(frame: object): string {
    this.#sent += 1;
    return seal(this.#sendKey, JSON.stringify({ seq: this.#sent, ...frame }));
  }

  /** Verifies first, parses second, checks the sequence number third. */
  open(text: string): Opened {
    const payload = unseal(this.#receiveKey, text);
    if (payload === undefined) return refused('bad-mac', 'the MAC does not fit this connection');
    const value = parseObject(payload);
    if (value === undefined) return refused('malformed', 'the payload is not a JSON object');
    if (value['seq'] !== this.#received + 1) return refused('replayed', `expected seq ${this.#received + 1}`);
    this.#received += 1;
    return { kind: 'opened', value };
  }
}

/** The object that a JSON text holds, or undefined for anything else. */
export function parseObject(json: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refused(code: Refusal['code'], detail: string): Opened {
  return { kind: 'refused', refusal: { code, detail } };
}
