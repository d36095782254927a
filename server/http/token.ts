import { timingSafeEqual } from 'node:crypto';
import { keyTextPattern } from '../../shared/enrolment.ts';
import { secretBytes, sha256Hex } from '../../shared/signing.ts';
import type { ClientKey } from '../ledger/ledger.ts';

/** A token for HTTP, `KEYID.SECRET`, and the key that the ledger keeps of it: with 32 bytes of chance a plain hash gives nothing away. */
export function makeToken(id: string, randomBytes: (count: number) => Buffer): { token: string; key: ClientKey } {
  const token = `${id}.${randomBytes(secretBytes).toString('base64url')}`;
  return { token, key: { kind: 'http', id, tokenHash: sha256Hex(token), endsAt: Number.POSITIVE_INFINITY } };
}

/** The key that a text in the form of a token names, or undefined. */
export function keyIdOf(token: string): string | undefined {
  return keyTextPattern.exec(token)?.[1];
}

/** Whether a token is the one of a key. Takes the same time whatever is wrong with it. */
export function fitsToken(token: string, key: ClientKey): boolean {
  if (key.kind !== 'http') return false;
  return timingSafeEqual(Buffer.from(sha256Hex(token)), Buffer.from(key.tokenHash));
}
