import ipaddr from 'ipaddr.js';

declare const networkBrand: unique symbol;

/**
 * A canonical IPv4/IPv6 address or CIDR: lower case, compressed (RFC 5952), host bits cleared, no /32 or /128,
 * IPv4-mapped IPv6 turned into IPv4. Only {@link parseNetwork} makes one, so two equal networks are equal strings.
 */
export type Network = string & { readonly [networkBrand]: true };

export type Family = 4 | 6;

/** What a network covers, as numbers: `first` and `last` address, both inclusive. */
export interface NetworkRange {
  readonly family: Family;
  readonly prefixLength: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** Bits of an address by family. */
export const addressBits: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** The longest spelling: eight groups with a dotted tail, a slash and three digits. */
const spellingMax = 49;
const prefixPattern = /^(?:0|[1-9][0-9]{0,2})$/;
const mappedPrefix = 0xffffn << 32n;
const [dot, slash, zero, colon, letterA] = [0x2e, 0x2f, 0x30, 0x3a, 0x61];
const ipv6Groups = 8;

/**
 * Reads one address or CIDR in any standard spelling, strictly: four decimal octets without leading zeros, no host
 * names, no zone ids, no netmasks, no blanks. The library's lenient forms (`1.2.3`, `0x7f.1`, `010.0.0.1`, `2130706433`)
 * are refused because other tools read them differently.
 *
 * @returns the canonical network, or undefined when the text is not one.
 */
export function parseNetwork(text: string): Network | undefined {
  if (text.length > spellingMax) return undefined;
  // Nearly all that is ever read. Strict four-part decimal is canonical as it stands.
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return text as Network;
  const slashAt = text.indexOf('/');
  const address = parseAddress(slashAt < 0 ? text : text.slice(0, slashAt));
  if (address === undefined) return undefined;
  const bits = addressBits[address.family];
  if (slashAt < 0) return networkFrom(address.family, address.value, bits);
  const prefixText = text.slice(slashAt + 1);
  if (!prefixPattern.test(prefixText) || Number(prefixText) > bits) return undefined;
  return networkFrom(address.family, address.value, Number(prefixText));
}

/** The network of `prefixLength` that holds the address `value`; host bits are cleared. */
export function networkFrom(family: Family, value: bigint, prefixLength: number): Network {
  const hostBits = BigInt(addressBits[family] - prefixLength);
  const first = (value >> hostBits) << hostBits;
  if (family === 6 && prefixLength >= 96 && first >> 32n === mappedPrefix >> 32n) {
    return ipv4From(Number(first & 0xffffffffn), prefixLength - 96);
  }
  if (family === 4) return ipv4From(Number(first), prefixLength);
  const address = formatIpv6(first);
  return (prefixLength === addressBits[6] ? address : `${address}/${prefixLength}`) as Network;
}

/** The numbers behind a canonical network. */
export function rangeOf(network: Network): NetworkRange {
  const prefixLength = prefixLengthOf(network);
  if (familyOf(network) === 4) {
    const first = ipv4FirstOf(network);
    const last = first + 2 ** (addressBits[4] - prefixLength) - 1;
    return { family: 4, prefixLength, first: BigInt(first), last: BigInt(last) };
  }
  const first = ipv6FirstOf(network);
  return { family: 6, prefixLength, first, last: first | ((1n << BigInt(addressBits[6] - prefixLength)) - 1n) };
}

/** The first address of a canonical IPv4 network as a number, for where a hundred thousand are looked at. */
export function ipv4FirstOf(network: Network): number {
  let value = 0;
  let octet = 0;
  for (let at = 0; at < network.length; at += 1) {
    const code = network.charCodeAt(at);
    if (code === slash) break;
    if (code === dot) {
      value = value * 256 + octet;
      octet = 0;
    } else octet = octet * 10 + code - zero;
  }
  return value * 256 + octet;
}

/** The IPv4 network of `prefixLength` that begins with the address `first`, whose host bits are clear. */
export function ipv4From(first: number, prefixLength: number): Network {
  const address = `${first >>> 24}.${(first >>> 16) & 255}.${(first >>> 8) & 255}.${first & 255}`;
  return (prefixLength === addressBits[4] ? address : `${address}/${prefixLength}`) as Network;
}

/** The family of a canonical network. */
export function familyOf(network: Network): Family {
  return network.includes(':') ? 6 : 4;
}

/** How many leading bits a canonical network fixes. */
export function prefixLengthOf(network: Network): number {
  const slashAt = network.indexOf('/');
  return slashAt < 0 ? addressBits[familyOf(network)] : Number(network.slice(slashAt + 1));
}

/** Whether every address of `inner` is one of `outer`. */
export function covers(outer: Network, inner: Network): boolean {
  const wide = rangeOf(outer);
  const narrow = rangeOf(inner);
  return wide.family === narrow.family && wide.first <= narrow.first && narrow.last <= wide.last;
}

/** Reads what {@link networkFrom} wrote: no more than one `::`, no dotted tail. */
function ipv6FirstOf(network: Network): bigint {
  const slashAt = network.indexOf('/');
  const end = slashAt < 0 ? network.length : slashAt;
  const groups: number[] = [];
  let group = 0;
  let gapAt = ipv6Groups;
  for (let at = 0; at < end; at += 1) {
    const code = network.charCodeAt(at);
    if (code !== colon) {
      group = group * 16 + (code < letterA ? code - zero : code - letterA + 10);
      continue;
    }
    groups.push(group);
    group = 0;
    if (network.charCodeAt(at + 1) !== colon) continue;
    gapAt = groups.length;
    at += 1;
  }
  groups.push(group);
  const missing = ipv6Groups - groups.length;
  let value = 0n;
  for (let place = 0; place < ipv6Groups; place += 2)
    value = (value << 32n) | BigInt(groupAt(place) * 65_536 + groupAt(place + 1));
  return value;

  function groupAt(place: number): number {
    if (place < gapAt) return groups[place] ?? 0;
    return place < gapAt + missing ? 0 : (groups[place - missing] ?? 0);
  }
}

interface Address {
  readonly family: Family;
  readonly value: bigint;
}

function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    return ipaddr.IPv4.isValidFourPartDecimal(text) ? { family: 4, value: ipv4Value(text) } : undefined;
  }
  if (!/^[0-9a-fA-F:.]+$/.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  if (dotted.includes('.') && !ipaddr.IPv4.isValidFourPartDecimal(dotted)) return undefined;
  return { family: 6, value: bytesToValue(ipaddr.IPv6.parse(text).toByteArray()) };
}

function ipv4Value(text: string): bigint {
  return BigInt(text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0));
}

function bytesToValue(bytes: readonly number[]): bigint {
  let high = 0n;
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4).reduce((value, byte) => value * 256 + byte, 0);
    high = (high << 32n) | BigInt(word);
  }
  return high;
}

function formatIpv6(value: bigint): string {
  const bytes: number[] = [];
  for (let shift = 120n; shift >= 0n; shift -= 8n) bytes.push(Number((value >> shift) & 0xffn));
  return new ipaddr.IPv6(bytes).toRFC5952String();
}
