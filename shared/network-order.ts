import { familyOf, ipv4FirstOf, type Network, prefixLengthOf } from './network.ts';

/** The place of a network among others, as numbers, for where a hundred thousand are sorted. */
export interface NetworkOrder {
  /** The first address in three parts of up to 48 bits; those of IPv4 are below those of IPv6. */
  readonly high: number;
  readonly middle: number;
  readonly low: number;
  readonly prefixLength: number;
}

const group = 65_536;
const [colon, slash] = [0x3a, 0x2f];

export function orderOf(network: Network): NetworkOrder {
  const prefixLength = prefixLengthOf(network);
  if (familyOf(network) === 4) return { high: -1, middle: ipv4FirstOf(network), low: 0, prefixLength };
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = groupsOf(network);
  const [high, middle, low] = [(a * group + b) * group + c, (d * group + e) * group + f, g * group + h];
  return { high, middle, low, prefixLength };
}

/** IPv4 first, then by first address, then the widest. Less than 0: `a` comes first. */
export function compareOrder(a: NetworkOrder, b: NetworkOrder): number {
  return a.high - b.high || a.middle - b.middle || a.low - b.low || a.prefixLength - b.prefixLength;
}

/** The eight groups of a canonical IPv6 network, in which `::` may stand for several of zero. */
function groupsOf(network: string): number[] {
  const groups = [0, 0, 0, 0, 0, 0, 0, 0];
  const gapAt = network.indexOf('::');
  let written = 0;
  for (let at = 0; at < network.length && network.charCodeAt(at) !== slash; at += 1) {
    if (network.charCodeAt(at) === colon) {
      if (at === gapAt) {
        written = 8 - countGroups(network, at + 2);
        at += 1;
      } else written += 1;
    } else groups[written] = (groups[written] ?? 0) * 16 + digitAt(network, at);
  }
  return groups;
}

/** Groups from here to the end. */
function countGroups(network: string, from: number): number {
  if (from >= network.length || network.charCodeAt(from) === slash) return 0;
  let count = 1;
  for (let at = from; at < network.length; at += 1) if (network.charCodeAt(at) === colon) count += 1;
  return count;
}

/** Of a lower-case hexadecimal digit. */
function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
