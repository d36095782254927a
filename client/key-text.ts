import { keyTextPattern } from '../shared/enrolment.ts';

/** A client's key: its id, which may be shown, and the secret of 32 bytes, which may not. */
export interface Key {
  readonly id: string;
  readonly secret: Buffer;
}

/** The key of a text `KEYID.SECRET`, or undefined. */
export function parseKey(text: string): Key | undefined {
  const [, id, secret] = keyTextPattern.exec(text.trim()) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret: Buffer.from(secret, 'base64url') };
}
