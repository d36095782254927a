import type { Network } from './network.ts';
import { sha256Hex } from './signing.ts';

/** What both ends compare before a full list is sent: SHA-256 over the networks, sorted by code unit, a newline after each. */
export function digestOf(networks: Iterable<Network>): string {
  return sha256Hex(
    [...networks]
      .sort()
      .map((network) => `${network}\n`)
      .join(''),
  );
}
