import {
  type Arithmetic,
  type Block,
  ipv4Arithmetic,
  ipv6Arithmetic,
  Joining,
} from '../../../shared/merge-networks.ts';
import { embeddedIpv4 } from '../../../shared/network/embedded-ipv4.ts';
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
} from '../../../shared/network.ts';
import { inTurns, type Turns } from '../../in-turns.ts';
import { blocklistLimits } from './blocklist-limits.ts';
import type { ListEntry } from './list-entry.ts';

/** What is to become one entry: one that came, or several that are a whole CIDR together. */
interface Part<Value> extends Block<Value> {
  readonly entries: readonly ListEntry[];
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
  turns: Turns,
): Promise<ListEntry[]> {
  const families: Record<Family, ListEntry[]> = { 4: [], 6: [] };
  await inTurns(entries, turns, (some) => {
    for (const entry of some) families[familyOf(entry.network)].push(entry);
  });
  return [...(await joinIpv4(families[4], widest[4], turns)), ...(await joinIpv6(families[6], widest[6], turns))];
}

async function joinIpv4(entries: readonly ListEntry[], widest: number, turns: Turns): Promise<ListEntry[]> {
  const numbers = await sortIpv4(entries, turns);
  const sorted: SortedIpv4 = { alone: [], others: [], coveredTo: 0 };
  await inTurns(entries, turns, (some, from) => separate(numbers, { from, to: from + some.length }, sorted));
  const joined = await joinSorted(sorted.others, { arithmetic: ipv4Arithmetic, widest }, turns);
  return [...sorted.alone, ...(await entriesOf(joined, ipv4From, turns))];
}

async function joinIpv6(entries: readonly ListEntry[], widest: number, turns: Turns): Promise<ListEntry[]> {
  const kind = { arithmetic: ipv6Arithmetic, widest: noJoining[6] };
  const apart = await joinSorted(await sortIpv6(entries, turns), kind, turns);
  const [joinable, carriers]: [Part<bigint>[], Part<bigint>[]] = [[], []];
  await inTurns(apart, turns, (some) => {
    for (const part of some) (part.entries.some(carriesIpv4) ? carriers : joinable).push(part);
  });
  const joined = widest === noJoining[6] ? joinable : await joinSorted(joinable, { ...kind, widest }, turns);
  const nameOf = (first: bigint, prefixLength: number): Network => networkFrom(6, first, prefixLength);
  return await entriesOf([...joined, ...carriers], nameOf, turns);
}

function carriesIpv4({ network }: ListEntry): boolean {
  return embeddedIpv4(network).length > 0;
}

interface Kind<Value> {
  readonly arithmetic: Arithmetic<Value>;
  /** The shortest prefix that joining may make. */
  readonly widest: number;
}

async function joinSorted<Value extends number | bigint>(
  sorted: readonly Part<Value>[],
  kind: Kind<Value>,
  turns: Turns,
): Promise<readonly Part<Value>[]> {
  const joining = new Joining<Value, Part<Value>>({ ...kind, join });
  await inTurns(sorted, turns, (some) => {
    for (const part of some) joining.add(part);
  });
  return joining.whole;
}

function join<Value>({ first, prefixLength, entries }: Part<Value>, right: Part<Value>): Part<Value> {
  return { first, prefixLength: prefixLength - 1, entries: [...entries, ...right.entries] };
}

async function entriesOf<Value>(
  parts: readonly Part<Value>[],
  nameOf: (first: Value, prefixLength: number) => Network,
  turns: Turns,
): Promise<ListEntry[]> {
  const joined: ListEntry[] = [];
  await inTurns(parts, turns, (some) => {
    for (const { first, prefixLength, entries } of some) {
      const [entry] = entries;
      const isOne = entry !== undefined && entries.length === 1;
      joined.push(isOne ? entry : all(entries, nameOf(first, prefixLength)));
    }
  });
  return joined;
}

function all(entries: readonly ListEntry[], network: Network): ListEntry {
  const endsAt = entries.reduce((first, entry) => Math.min(first, entry.endsAt), Number.POSITIVE_INFINITY);
  return { network, endsAt, reports: entries.flatMap(({ reports }) => reports) };
}

/** Room for a place in the list below an address in one number: 52 of the 53 bits that a number holds exactly. */
const placeRoom = blocklistLimits.entriesMax;

/** Networks as numbers, which are sorted in a tenth of the time that entries take. */
interface Ipv4Numbers {
  readonly entries: readonly ListEntry[];
  /** First addresses in order, each with the place of its entry below. */
  readonly keys: Float64Array;
  /** By place. */
  readonly prefixLengths: Uint8Array;
}

async function sortIpv4(entries: readonly ListEntry[], turns: Turns): Promise<Ipv4Numbers> {
  const keys = new Float64Array(entries.length);
  const prefixLengths = new Uint8Array(entries.length);
  await inTurns(entries, turns, (some, from) => {
    let place = from;
    for (const { network } of some) {
      keys[place] = ipv4FirstOf(network) * placeRoom + place;
      prefixLengths[place] = prefixLengthOf(network);
      place += 1;
    }
  });
  return { entries, keys: keys.sort(), prefixLengths };
}

/** By first address. */
interface SortedIpv4 {
  /** Addresses in no other network, with none beside them, as most are: nothing becomes of them. */
  readonly alone: ListEntry[];
  /** Of those that begin with the same the widest, which covers the others. */
  readonly others: Part<number>[];
  /** The first address that none of the others covers, of those to come. */
  coveredTo: number;
}

/** Takes the networks from one place in their order to another. */
function separate(
  { entries, keys, prefixLengths }: Ipv4Numbers,
  { from, to }: { readonly from: number; readonly to: number },
  sorted: SortedIpv4,
): void {
  const firstAt = (at: number): number => Math.floor((keys[at] ?? Number.NaN) / placeRoom);
  for (let at = from; at < to; at += 1) {
    const first = firstAt(at);
    const place = (keys[at] ?? 0) - first * placeRoom;
    const [entry, prefixLength] = [entries[place], prefixLengths[place]];
    if (entry === undefined || prefixLength === undefined) continue;
    // Beyond either end there is nothing near: NaN.
    const isBeside = first - firstAt(at - 1) <= 1 || firstAt(at + 1) - first <= 1;
    if (prefixLength === addressBits[4] && !isBeside && first >= sorted.coveredTo) sorted.alone.push(entry);
    else addPart(sorted, { first, prefixLength, entries: [entry] });
  }
}

function addPart(sorted: SortedIpv4, part: Part<number>): void {
  const { others } = sorted;
  const last = others.at(-1);
  sorted.coveredTo = Math.max(sorted.coveredTo, ipv4Arithmetic.endOf(part));
  if (last?.first !== part.first) others.push(part);
  else if (part.prefixLength < last.prefixLength) others[others.length - 1] = part;
}

/** By first address, the wider of two first. Texts are sorted, which is faster than to compare bigints. */
async function sortIpv6(entries: readonly ListEntry[], turns: Turns): Promise<Part<bigint>[]> {
  const parts = new Map<string, Part<bigint>>();
  await inTurns(entries, turns, (some) => {
    for (const entry of some) {
      const { first, prefixLength } = rangeOf(entry.network);
      const key = `${first.toString(16).padStart(32, '0')} ${String(prefixLength).padStart(3, '0')}`;
      parts.set(key, { first, prefixLength, entries: [entry] });
    }
  });
  return [...parts.keys()].sort().flatMap((key) => parts.get(key) ?? []);
}
