import {
  addressBits,
  type Family,
  familyOf,
  type Network,
  networkFrom,
  parseNetwork,
  prefixLengthOf,
} from '../../../shared/network.ts';

/**
 * A set of our table: the networks of one family and one prefix length, by their first address.
 *
 * A set of intervals refuses networks that overlap, or makes one of them, and then cannot tell which of both it was given or
 * when each ends. Networks of one length never overlap, so a set a length holds exactly what was added, each with its own
 * end, and a packet is looked up once a length in use:
 *
 * ```
 *   ipv4_32  192.0.2.1 …       ip saddr @ipv4_32 drop
 *   ipv4_24  198.51.100.0 …    ip saddr & 255.255.255.0 @ipv4_24 drop
 * ```
 */
export interface PrefixSet {
  /** As `ipv4_24`. */
  readonly name: string;
  readonly family: Family;
  readonly prefixLength: number;
}

/** The set that holds a network. */
export function setOf(network: Network): PrefixSet {
  return prefixSet(familyOf(network), prefixLengthOf(network));
}

/** The set of this name; undefined when it is not one of these. */
export function parseSetName(name: string): PrefixSet | undefined {
  const [, familyText, lengthText] = /^ipv([46])_([0-9]{1,3})$/.exec(name) ?? [];
  if (familyText === undefined) return undefined;
  const family = familyText === '4' ? 4 : 6;
  const prefixLength = Number(lengthText);
  return prefixLength <= addressBits[family] ? prefixSet(family, prefixLength) : undefined;
}

/** How a network stands in its set. */
export function elementOf(network: Network): string {
  const [address = ''] = network.split('/');
  return address;
}

/** The network that an element of a set is. */
export function networkOf({ prefixLength }: PrefixSet, element: string): Network | undefined {
  return parseNetwork(`${element}/${prefixLength}`);
}

/** What stands in the braces of `add set`. */
export function definitionOf({ family }: PrefixSet): string {
  return `type ipv${family}_addr; flags timeout;`;
}

/** The rule that drops what comes from the networks of a set. Its comment is the set's name. */
export function ruleOf({ name, family, prefixLength }: PrefixSet): string {
  const protocol = family === 4 ? 'ip' : 'ip6';
  const bits = addressBits[family];
  const mask = elementOf(networkFrom(family, (1n << BigInt(bits)) - 1n, prefixLength));
  const source = prefixLength === bits ? 'saddr' : `saddr & ${mask}`;
  return `${protocol} ${source} @${name} drop comment "${name}"`;
}

function prefixSet(family: Family, prefixLength: number): PrefixSet {
  return { name: `ipv${family}_${prefixLength}`, family, prefixLength };
}
