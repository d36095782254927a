import { networkInterfaces } from 'node:os';
import { type Network, parseNetwork } from '../network.ts';

/** The addresses of this host's interfaces. */
export function readOwnAddresses(): Network[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .map(({ address }) => parseNetwork(address))
    .filter((network): network is Network => network !== undefined);
}
