import { familyOf, type Network, networkFrom, rangeOf } from '../../shared/network.ts';

/** Where connections come from that count as one host's: an IPv4 address, or an IPv6 /64, which one host has to itself. */
export function neighbourhoodOf(address: Network | undefined): string {
  if (address === undefined) return 'unknown';
  return familyOf(address) === 4 ? address : networkFrom(6, rangeOf(address).first, 64);
}
