import {
  type Arithmetic,
  type Block,
  ipv4Arithmetic,
  ipv6Arithmetic,
  Joining,
} from '../../../shared/merge-networks.ts';
import {
  addressBits,
  embeddedIpv4,
  type Family,
  familyOf,
  ipv4FirstOf,
  ipv4From,
  type Network,
  networkFrom,
  prefixLengthOf,
  rangeOf,
} from '../../../shared/network.ts';
import { blocklistLimits } from './blocklist-limits.ts';
import { inTurns, type Rest } from './in-turns.ts';
import type { ListEntry } from './list-entry.ts';

/** An entry on its way; `network` is absent as soon as it was joined. */
interface Part<Value> extends Block<Value>, Omit<ListEntry, 'network'> {
  readonly network: Network | undefined;
}

/** For joining that makes nothing wider, and only drops what is covered. */
export const noJoining: Readonly<Record<Family, number>> = addressBits;

/**
 * The same addresses in entries of which no two share one: what a wider entry covers is dropped, and networks that are a
 * whole CIDR together become one entry, which ends with the first of them. What carries an IPv4 address is not joined: the
 * policy holds the IPv4 network inside to the width of its own family.
 *
 * @param entries at most {@link blocklistLimits.entriesMax}
 * @param widest the shortest prefix that joining may make, by family
 */
export async function joinEntries(
  entries: readonly ListEntry[],
  widest: Readonly<Record<Family, number>>,
  rest: Rest,
): Promise<ListEntry[]> {
  const [four, six]: [ListEntry[], ListEntry[]] = [[], []];
  await inTurns(entries, rest, (entry) => (familyOf(entry.network) === 4 ? four : six).push(entry));
  return [
    ...(await joinSorted(await sortIpv4(four, rest), { ...ipv4, widest: widest[4], rest })),
    ...(await joinIpv6(six, widest[6], rest)),
  ];
}

async function joinIpv6(entries: readonly ListEntry[], widest: number, rest: Rest): Promise<readonly ListEntry[]> {
  const apart = await joinSorted(await sortIpv6(entries, rest), { ...ipv6, widest: noJoining[6], rest });
  if (widest === noJoining[6]) return apart;
  const [joinable, carriers]: [ListEntry[], ListEntry[]] = [[], []];
  await inTurns(apart, rest, (entry) => {
    (embeddedIpv4(entry.network) === undefined ? joinable : carriers).push(entry);
  });
  return [...(await joinSorted(await sortIpv6(joinable, rest), { ...ipv6, widest, rest })), ...carriers];
}

interface Kind<Value> {
  readonly arithmetic: Arithmetic<Value>;
  readonly nameOf: (first: Value, prefixLength: number) => Network;
}

const ipv4: Kind<number> = { arithmetic: ipv4Arithmetic, nameOf: ipv4From };
const ipv6: Kind<bigint> = {
  arithmetic: ipv6Arithmetic,
  nameOf: (first, prefixLength) => networkFrom(6, first, prefixLength),
};

async function joinSorted<Value extends number | bigint>(
  sorted: Iterable<Part<Value>>,
  { arithmetic, nameOf, widest, rest }: Kind<Value> & { readonly widest: number; readonly rest: Rest },
): Promise<ListEntry[]> {
  const joining = new Joining<Value, Part<Value>>({ widest, arithmetic, join: joinParts });
  await inTurns(sorted, rest, (part) => joining.add(part));
  const entries: ListEntry[] = [];
  await inTurns(joining.whole, rest, ({ first, prefixLength, network, endsAt, reports }) => {
    entries.push({ network: network ?? nameOf(first, prefixLength), endsAt, reports });
  });
  return entries;
}

function joinParts<Value>(left: Part<Value>, right: Part<Value>): Part<Value> {
  return {
    first: left.first,
    prefixLength: left.prefixLength - 1,
    network: undefined,
    endsAt: Math.min(left.endsAt, right.endsAt),
    reports: [...left.reports, ...right.reports],
  };
}

/** Room for a place in the list below an address in one number: 52 of the 53 bits that a number holds exactly. */
const placeRoom = blocklistLimits.entriesMax;

/** By first address, the wider of two first. Numbers are sorted, not entries: that takes a tenth of the time. */
async function sortIpv4(entries: readonly ListEntry[], rest: Rest): Promise<Iterable<Part<number>>> {
  const byWidth: ListEntry[][] = Array.from({ length: addressBits[4] + 1 }, () => []);
  await inTurns(entries, rest, (entry) => byWidth[prefixLengthOf(entry.network)]?.push(entry));
  const widestFirst = byWidth.flat();
  const keys = new Float64Array(widestFirst.length);
  let place = 0;
  await inTurns(widestFirst, rest, ({ network }) => {
    keys[place] = ipv4FirstOf(network) * placeRoom + place;
    place += 1;
  });
  await rest();
  return partsOf(keys.sort(), widestFirst);
}

function* partsOf(keys: Float64Array, entries: readonly ListEntry[]): Generator<Part<number>> {
  for (const key of keys) {
    const entry = entries[key % placeRoom];
    if (entry === undefined) continue;
    const { network, endsAt, reports } = entry;
    yield { first: Math.floor(key / placeRoom), prefixLength: prefixLengthOf(network), network, endsAt, reports };
  }
}

/** By first address, the wider of two first. Texts are sorted, which is faster than to compare bigints. */
async function sortIpv6(entries: readonly ListEntry[], rest: Rest): Promise<Iterable<Part<bigint>>> {
  const parts = new Map<string, Part<bigint>>();
  await inTurns(entries, rest, ({ network, endsAt, reports }) => {
    const { first, prefixLength } = rangeOf(network);
    const key = `${first.toString(16).padStart(32, '0')} ${String(prefixLength).padStart(3, '0')}`;
    parts.set(key, { first, prefixLength, network, endsAt, reports });
  });
  await rest();
  return inOrder(parts);
}

function* inOrder(parts: ReadonlyMap<string, Part<bigint>>): Generator<Part<bigint>> {
  for (const key of [...parts.keys()].sort()) {
    const part = parts.get(key);
    if (part !== undefined) yield part;
  }
}
