import {
  addressBits,
  type Family,
  familyOf,
  ipv4FirstOf,
  ipv4From,
  type Network,
  networkFrom,
  prefixLengthOf,
  rangeOf,
} from './network.ts';

/**
 * Joins networks that together are a whole CIDR, and drops those that a wider one covers. The result covers exactly the
 * same addresses.
 *
 * @param widest the shortest prefix that joining may make, by family.
 */
export function mergeNetworks(networks: Iterable<Network>, widest: Readonly<Record<Family, number>>): Network[] {
  const families: Record<Family, Network[]> = { 4: [], 6: [] };
  for (const network of networks) families[familyOf(network)].push(network);
  return [...mergeIpv4(families[4], widest[4]), ...mergeIpv6(families[6], widest[6])];
}

interface Block<Value> {
  readonly first: Value;
  readonly prefixLength: number;
}

interface Arithmetic<Value> {
  /** The first address after a block. */
  readonly endOf: (block: Block<Value>) => Value;
  /** Whether a block is the left half of the one that is twice as wide. */
  readonly isLeft: (block: Block<Value>) => boolean;
}

/** Room for a prefix length below an address in one number: 38 of the 53 bits that a number holds exactly. */
const prefixRoom = 64;

/** As numbers: most bans are IPv4, and numbers sort ten times faster than bigints. */
function mergeIpv4(networks: readonly Network[], widest: number): Network[] {
  const keys = Float64Array.from(networks, (network) => ipv4FirstOf(network) * prefixRoom + prefixLengthOf(network));
  const blocks = Array.from(keys.sort(), (key) => ({
    first: Math.floor(key / prefixRoom),
    prefixLength: key % prefixRoom,
  }));
  const sizeOf = (prefixLength: number): number => 2 ** (addressBits[4] - prefixLength);
  const joined = joinSorted(blocks, widest, {
    endOf: ({ first, prefixLength }) => first + sizeOf(prefixLength),
    isLeft: ({ first, prefixLength }) => (first / sizeOf(prefixLength)) % 2 === 0,
  });
  return joined.map(({ first, prefixLength }) => ipv4From(first, prefixLength));
}

function mergeIpv6(networks: readonly Network[], widest: number): Network[] {
  const blocks = networks.map(rangeOf);
  blocks.sort((a, b) => Number(a.first > b.first) - Number(a.first < b.first) || a.prefixLength - b.prefixLength);
  const hostBits = (prefixLength: number): bigint => BigInt(addressBits[6] - prefixLength);
  const joined = joinSorted<bigint>(blocks, widest, {
    endOf: ({ first, prefixLength }) => first + (1n << hostBits(prefixLength)),
    isLeft: ({ first, prefixLength }) => ((first >> hostBits(prefixLength)) & 1n) === 0n,
  });
  return joined.map(({ first, prefixLength }) => networkFrom(6, first, prefixLength));
}

/**
 * Keeps a stack whose top is joined with its other half as long as both are there.
 *
 * @param sorted by first address, the wider of two first
 */
function joinSorted<Value extends number | bigint>(
  sorted: readonly Block<Value>[],
  widest: number,
  { endOf, isLeft }: Arithmetic<Value>,
): Block<Value>[] {
  const whole: Block<Value>[] = [];
  for (const block of sorted) {
    let top = whole.at(-1);
    if (top !== undefined && block.first < endOf(top)) continue;
    let joined = block;
    while (top !== undefined && joined.prefixLength > widest && isOtherHalf(top, joined)) {
      joined = { first: top.first, prefixLength: joined.prefixLength - 1 };
      whole.pop();
      top = whole.at(-1);
    }
    whole.push(joined);
  }
  return whole;

  function isOtherHalf(left: Block<Value>, right: Block<Value>): boolean {
    return left.prefixLength === right.prefixLength && isLeft(left) && endOf(left) === right.first;
  }
}
