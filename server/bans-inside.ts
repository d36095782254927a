import {
  addressBits,
  covers,
  familyOf,
  ipv4FirstOf,
  type Network,
  prefixLengthOf,
  rangeOf,
} from '../shared/network.ts';
import type { Ban, StandingBans } from './standing-bans.ts';

/** Bans inside a CIDR that an answer carries; the others are counted. */
export const insideMax = 100;

/** The bans of networks inside another one, itself aside. It looks at each ban there is, unless the network is one address. */
export function bansInside(standing: StandingBans, network: Network): Ban[] {
  const family = familyOf(network);
  const length = prefixLengthOf(network);
  if (length === addressBits[family]) return [];
  const isInside = family === 4 ? isInsideIpv4(network) : (inner: Network) => covers(network, inner);
  const found: Ban[] = [];
  for (const ban of standing.values())
    if (familyOf(ban.network) === family && prefixLengthOf(ban.network) > length && isInside(ban.network))
      found.push(ban);
  return found;
}

/** The same in plain numbers, since nearly every ban there is may be of IPv4. */
function isInsideIpv4(network: Network): (inner: Network) => boolean {
  const { first, last } = rangeOf(network);
  const [from, to] = [Number(first), Number(last)];
  return (inner) => {
    const at = ipv4FirstOf(inner);
    return at >= from && at <= to;
  };
}
