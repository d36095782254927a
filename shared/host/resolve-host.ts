import { lookup } from 'node:dns/promises';
import { type Network, parseNetwork } from '../network.ts';

/**
 * Returns the addresses that a host name stands for on this machine, IPv4 and IPv6, or the address that it is.
 *
 * @throws Error of node:dns: `ENOTFOUND` when there is no such name, `EAI_AGAIN` when nobody answers
 */
export async function resolveHost(host: string): Promise<Network[]> {
  const found = await lookup(host, { all: true });
  // Addresses of the link carry a zone (`fe80::1%eth0`); nobody bans those.
  return found.map(({ address }) => parseNetwork(address)).filter((network) => network !== undefined);
}
