import type { Network } from '../shared/network.ts';
import { parseLoginEnvelope, parseLoginPayload } from '../shared/parse-frame.ts';
import { parseObject } from '../shared/sealed-channel.ts';
import { deriveLoginKey, deriveSessionKeys, type SessionKeys, unseal } from '../shared/signing.ts';
import type { Clients } from './clients.ts';
import type { Client } from './ledger/ledger.ts';
import { isFrom } from './protection/known-hosts.ts';

/** Who logged in, and the keys of the connection. */
export interface Authenticated {
  readonly client: Client;
  readonly keyId: string;
  readonly keys: SessionKeys;
  readonly agent: string;
}

/** What a login is checked against. */
export interface Credentials {
  readonly clients: Clients;
  /** Milliseconds since the epoch; keys that ended before do not count. */
  readonly now: number;
  /** The secret that an unknown client's MAC is checked with, so that the answer takes as long as for a known one. */
  readonly decoySecret: Buffer;
  /** Where the login comes from. */
  readonly address: Network | undefined;
  /** Told of a client that proved itself, and is bound to other networks. */
  readonly onElsewhere: (client: Client) => void;
}

/**
 * Checks a login text. An unknown client, an unknown or ended key, a wrong MAC and a client that is bound to other networks
 * cannot be told apart from outside: the same work is done for each, and nothing of the payload is read before its MAC fits.
 *
 * @throws FrameError when an authentic payload is not a login
 */
export function authenticate(text: string, nonce: Buffer, credentials: Credentials): Authenticated | undefined {
  const envelope = parseLoginEnvelope(text);
  if (envelope === undefined) return undefined;
  const client = credentials.clients.get(envelope.client);
  const named = client?.keys.find(({ id, endsAt }) => id === envelope.keyId && endsAt > credentials.now);
  const key = named?.kind === 'frames' ? named : undefined;
  const secret = key === undefined ? credentials.decoySecret : Buffer.from(key.secret, 'base64url');
  const payload = unseal(deriveLoginKey(secret, nonce), envelope.sealed);
  if (client === undefined || key === undefined || payload === undefined) return undefined;
  if (!isFrom(client, credentials.address)) {
    credentials.onElsewhere(client);
    return undefined;
  }
  const login = parseLoginPayload(parseObject(payload) ?? {});
  const keys = deriveSessionKeys(secret, nonce, Buffer.from(login.nonce, 'base64url'));
  return { client, keyId: key.id, keys, agent: login.agent };
}
