import { createHash } from 'node:crypto';
import { comparePerl } from './perl-order.ts';

/** A value that Proxmox shows; objects (an entry's `errors`) are not part of a digest. */
export type ShownValue = string | number | object | undefined;

/** One object of a list that the API shows, as Firewall.pm holds it. */
export type Shown = Readonly<Record<string, ShownValue>>;

/**
 * The digest that Proxmox puts on a list to detect changes made meanwhile: SHA-1 over the lines `key:value` of each
 * object, keys sorted, objects in order (Firewall.pm:1253 copy_list_with_digest).
 */
export function digestOf(list: readonly Shown[]): string {
  const hash = createHash('sha1');
  for (const shown of list) {
    for (const key of Object.keys(shown).sort(comparePerl)) {
      const value = shown[key];
      if (typeof value === 'string' || typeof value === 'number') hash.update(`${key}:${value}\n`);
    }
  }
  return hash.digest('hex');
}

/** The list as the API answers it: each object with the digest of the whole. An empty list so shows none. */
export function withDigest(list: readonly Shown[]): Shown[] {
  const digest = digestOf(list);
  return list.map((shown) => ({ ...shown, digest }));
}
