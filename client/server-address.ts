import type { Key } from './key-text.ts';

/** How the agent knows that it speaks to the right server before the server proves itself by the key. */
export type Trust =
  /** As pin.ts makes it, of the public key or of the whole certificate; nothing else of the certificate counts. */
  | { readonly kind: 'pin'; readonly sha256: string }
  /** PEM of the authority that must have signed the certificate; its names count too. */
  | { readonly kind: 'authority'; readonly pem: string }
  | { readonly kind: 'system-authorities' }
  /** `ws://` */
  | { readonly kind: 'plaintext' };

/** One `[server NAME]` section. */
export interface ServerAddress {
  readonly name: string;
  readonly url: string;
  readonly client: string;
  readonly key: Key;
  readonly trust: Trust;
}
