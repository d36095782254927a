import { readFileSync } from 'node:fs';

/** A text that one end sent, in its turn, and what it means. */
export interface SealedVector {
  readonly seq: number;
  readonly text: string;
  readonly frame: Readonly<Record<string, unknown>>;
}

/** A text that is not believed by an end that opened so many good ones before. */
export interface RefusedVector {
  readonly what: string;
  readonly opened: number;
  readonly text: string;
  readonly code: string;
}

/** Values for checking an implementation of the protocol. Bytes are base64url without padding. */
export interface Vectors {
  readonly client: string;
  readonly keyId: string;
  readonly secret: string;
  readonly serverNonce: string;
  readonly clientNonce: string;
  readonly hello: string;
  readonly keys: { readonly login: string; readonly clientToServer: string; readonly serverToClient: string };
  readonly login: { readonly agent: string; readonly payload: string; readonly text: string };
  readonly loginsRefused: readonly { readonly what: string; readonly text: string }[];
  readonly toServer: readonly SealedVector[];
  readonly toClient: readonly SealedVector[];
  readonly refusedByServer: readonly RefusedVector[];
  readonly refusedByClient: readonly RefusedVector[];
  readonly digests: readonly { readonly networks: readonly string[]; readonly digest: string }[];
  /** A spelling, and its canonical form or null where it is refused. */
  readonly networks: readonly (readonly [text: string, canonical: string | null])[];
}

/** vectors.json stands beside the source, not in dist/. */
export const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../../../test/protocol/vectors.json', import.meta.url), 'utf8'),
);
