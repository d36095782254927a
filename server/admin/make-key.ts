import { formatAuthority } from '../../shared/authority.ts';
import { formatEnrolment } from '../../shared/enrolment.ts';
import { secretBytes } from '../../shared/signing.ts';
import { makeToken } from '../http/token.ts';
import type { ClientKey } from '../ledger/ledger.ts';

/** How a host reaches this server and knows it. */
export interface Reach {
  readonly host: string;
  readonly port: number;
  readonly pin?: string;
  readonly plaintext?: boolean;
}

const keyIdBytes = 6;

/** A key, and the text that its owner is given once: `KEYID.SECRET`. */
export interface MadeKey {
  readonly key: ClientKey;
  readonly text: string;
}

/** A new key that goes on for ever. */
export function makeKey(kind: ClientKey['kind'], randomBytes: (count: number) => Buffer): MadeKey {
  const id = randomBytes(keyIdBytes).toString('base64url');
  if (kind === 'http') {
    const { token, key } = makeToken(id, randomBytes);
    return { key, text: token };
  }
  const secret = randomBytes(secretBytes).toString('base64url');
  return { key: { kind, id, secret, endsAt: Number.POSITIVE_INFINITY }, text: `${id}.${secret}` };
}

/** What its owner needs of a new key: the enrolment line of a host, or the token and where it is taken. */
export function handOver(reach: Reach, client: string, { key, text }: MadeKey) {
  if (key.kind === 'frames') return { enrolment: formatEnrolment({ ...reach, client, key: text }) };
  return { token: text, url: httpUrlOf(reach) };
}

function httpUrlOf({ host, port, plaintext }: Reach): string {
  return `${plaintext === true ? 'http' : 'https'}://${formatAuthority(host, port)}/`;
}
