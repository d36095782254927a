import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** Bytes of a client's secret, of a nonce and of a MAC (HMAC-SHA256). */
export const secretBytes = 32;
export const nonceBytes = 32;
const macCharacters = 43;

/** Keys of one connection, one per direction, so that a frame sent back to its sender cannot verify. */
export interface SessionKeys {
  readonly toServer: Buffer;
  readonly toClient: Buffer;
}

/** The key of the login frame. The server's fresh nonce in it makes a recorded login worthless. */
export function deriveLoginKey(secret: Buffer, serverNonce: Buffer): Buffer {
  return derive(secret, serverNonce, 'login');
}

/** HKDF-SHA256 (RFC 5869) of the client's secret, salted with both nonces: server's first, client's second. */
export function deriveSessionKeys(secret: Buffer, serverNonce: Buffer, clientNonce: Buffer): SessionKeys {
  const salt = Buffer.concat([serverNonce, clientNonce]);
  return { toServer: derive(secret, salt, 'client to server'), toClient: derive(secret, salt, 'server to client') };
}

function derive(secret: Buffer, salt: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, `fail2networkban.v1 ${purpose}`, 32));
}

/** `<mac>.<payload>`: base64url HMAC-SHA256 over the payload's UTF-8 bytes, a full stop, the payload. */
export function seal(key: Buffer, payload: string): string {
  return `${createHmac('sha256', key).update(payload, 'utf8').digest('base64url')}.${payload}`;
}

/**
 * The payload of a sealed text, or undefined when the MAC does not fit. Compares in constant time and looks at nothing
 * of the payload before that.
 */
export function unseal(key: Buffer, sealed: string): string | undefined {
  if (sealed.length <= macCharacters || sealed[macCharacters] !== '.') return undefined;
  const payload = sealed.slice(macCharacters + 1);
  const expected = Buffer.from(createHmac('sha256', key).update(payload, 'utf8').digest('base64url'));
  const given = Buffer.from(sealed.slice(0, macCharacters));
  return given.length === expected.length && timingSafeEqual(given, expected) ? payload : undefined;
}

/** SHA-256 as lower-case hexadecimal. */
export function sha256Hex(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
