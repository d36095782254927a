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

/** A network by its numbers, which sort. */
export interface Block<Value> {
  readonly first: Value;
  readonly prefixLength: number;
}

/** How the addresses of a family are reckoned with. */
export interface Arithmetic<Value> {
  /** The first address after a block. */
  readonly endOf: (block: Block<Value>) => Value;
  /** Whether a block is the left half of the one that is twice as wide. */
  readonly isLeft: (block: Block<Value>) => boolean;
}

/** Addresses of an IPv4 network by its prefix length. */
const ipv4Sizes = Array.from({ length: addressBits[4] + 1 }, (_, length) => 2 ** (addressBits[4] - length));

/** As numbers: most bans are IPv4, and numbers sort ten times faster than bigints. */
export const ipv4Arithmetic: Arithmetic<number> = {
  endOf: ({ first, prefixLength }) => first + (ipv4Sizes[prefixLength] ?? 1),
  isLeft: ({ first, prefixLength }) => Math.floor(first / (ipv4Sizes[prefixLength] ?? 1)) % 2 === 0,
};

export const ipv6Arithmetic: Arithmetic<bigint> = {
  endOf: ({ first, prefixLength }) => first + (1n << BigInt(addressBits[6] - prefixLength)),
  isLeft: ({ first, prefixLength }) => ((first >> BigInt(addressBits[6] - prefixLength)) & 1n) === 0n,
};

/** Room for a prefix length below an address in one number: 38 of the 53 bits that a number holds exactly. */
const prefixRoom = 64;

function mergeIpv4(networks: readonly Network[], widest: number): Network[] {
  const keys = Float64Array.from(networks, (network) => ipv4FirstOf(network) * prefixRoom + prefixLengthOf(network));
  const joining = new Joining<number, Block<number>>({ widest, arithmetic: ipv4Arithmetic, join });
  for (const key of keys.sort()) joining.add({ first: Math.floor(key / prefixRoom), prefixLength: key % prefixRoom });
  return joining.whole.map(({ first, prefixLength }) => ipv4From(first, prefixLength));
}

function mergeIpv6(networks: readonly Network[], widest: number): Network[] {
  const blocks = networks.map(rangeOf);
  blocks.sort((a, b) => Number(a.first > b.first) - Number(a.first < b.first) || a.prefixLength - b.prefixLength);
  const joining = new Joining<bigint, Block<bigint>>({ widest, arithmetic: ipv6Arithmetic, join });
  for (const block of blocks) joining.add(block);
  return joining.whole.map(({ first, prefixLength }) => networkFrom(6, first, prefixLength));
}

function join<Value>({ first, prefixLength }: Block<Value>): Block<Value> {
  return { first, prefixLength: prefixLength - 1 };
}

export interface JoiningOptions<Value, Item extends Block<Value>> {
  /** The shortest prefix that joining may make. */
  readonly widest: number;
  readonly arithmetic: Arithmetic<Value>;
  /** Makes one of two halves. */
  readonly join: (left: Item, right: Item) => Item;
}

/**
 * Joins blocks of one family as they come: by first address, the wider of two first. It is a stack whose top is joined with
 * its other half as long as both are there; what the top covers is dropped.
 */
export class Joining<Value extends number | bigint, Item extends Block<Value>> {
  /** What the blocks so far have become, in their order. */
  readonly whole: Item[] = [];
  readonly #options: JoiningOptions<Value, Item>;

  constructor(options: JoiningOptions<Value, Item>) {
    this.#options = options;
  }

  add(block: Item): void {
    const { widest, arithmetic, join } = this.#options;
    let top = this.whole.at(-1);
    if (top !== undefined && block.first < arithmetic.endOf(top)) return;
    let joined = block;
    while (top !== undefined && joined.prefixLength > widest && this.#areHalves(top, joined)) {
      joined = join(top, joined);
      this.whole.pop();
      top = this.whole.at(-1);
    }
    this.whole.push(joined);
  }

  #areHalves(left: Item, right: Item): boolean {
    const { endOf, isLeft } = this.#options.arithmetic;
    return left.prefixLength === right.prefixLength && isLeft(left) && endOf(left) === right.first;
  }
}
