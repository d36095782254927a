import { familyOf, type Network, networkFrom, rangeOf } from '../network.ts';

/** The 128 bits of an IPv6 address as four numbers of 32 bits, the first one first. */
type Words = readonly [number, number, number, number];

/** Bits of an IPv6 address that are bits of the IPv4 address inside; all in one of the four words. */
interface Piece {
  /** The first of them, counted from the left. */
  readonly at: number;
  readonly bits: number;
}

/** A way in which IPv6 addresses carry an IPv4 address. */
interface Form {
  /** What marks an address of this form, where `mask` has ones. */
  readonly mark: Words;
  readonly mask: Words;
  /** The IPv4 address from its first bit to its last. */
  readonly pieces: readonly Piece[];
  /** Whether its bits stand inverted. */
  readonly isInverted?: boolean;
  /** The shortest prefix that is looked at. */
  readonly shortest?: number;
  /** Whether the same address can be of another form, so that an address of 0.0.0.0/8 inside says: it is. */
  readonly isAmbiguous?: boolean;
}

const all = 0xffff_ffff;
const lastWord: readonly Piece[] = [{ at: 96, bits: 32 }];
const local = 0x0064_ff9b;
const localMark: Words = [local, 0x0001_0000, 0, 0];

/**
 * ```
 *              0       16      32      48      64      80      96     112
 * compatible   0       0       0       0       0       0       IPv4            RFC 4291 §2.5.5.1
 * mapped       0       0       0       0       0       ffff    IPv4            RFC 4291 §2.5.5.2
 * SIIT         0       0       0       0       ffff    0       IPv4            RFC 2765 §2.1
 * NAT64        64      ff9b    0       0       0       0       IPv4            RFC 6052 §2.1
 * local NAT64  64      ff9b    1       at one of four places, around bits 64–71 RFC 8215, RFC 6052 §2.2
 * 6to4         2002    IPv4            any                                     RFC 3056 §2
 * Teredo       2001    0       server          any             client, inverted RFC 4380 §4
 * ISATAP       any                     0|200   5efe    IPv4                    RFC 5214 §6.1
 * ```
 *
 * Mapped addresses are IPv4 already ({@link networkFrom}); only networks wider than /96 come here. ISATAP is known by its
 * interface identifier alone: every /64 has room for such addresses, so only what fixes the identifier is of that form.
 */
const forms: readonly Form[] = [
  { mark: [0, 0, 0, 0], mask: [all, all, all, 0], pieces: lastWord },
  { mark: [0, 0, 0xffff, 0], mask: [all, all, all, 0], pieces: lastWord },
  { mark: [0, 0, 0xffff_0000, 0], mask: [all, all, all, 0], pieces: lastWord },
  { mark: [local, 0, 0, 0], mask: [all, all, all, 0], pieces: lastWord },
  localForm(
    [all, 0xffff_0000, 0xff00_00ff, all],
    [
      { at: 48, bits: 16 },
      { at: 72, bits: 16 },
    ],
  ),
  localForm(
    [all, 0xffff_0000, 0xff00_0000, all],
    [
      { at: 56, bits: 8 },
      { at: 72, bits: 24 },
    ],
  ),
  localForm(
    [all, 0xffff_0000, 0xff00_0000, 0x00ff_ffff],
    [
      { at: 72, bits: 24 },
      { at: 96, bits: 8 },
    ],
  ),
  localForm([all, 0xffff_0000, 0, 0], lastWord),
  {
    mark: [0x2002_0000, 0, 0, 0],
    mask: [0xffff_0000, 0, 0, 0],
    pieces: [
      { at: 16, bits: 16 },
      { at: 32, bits: 16 },
    ],
  },
  { mark: [0x2001_0000, 0, 0, 0], mask: [all, 0, 0, 0], pieces: [{ at: 32, bits: 32 }] },
  { mark: [0x2001_0000, 0, 0, 0], mask: [all, 0, 0, 0], pieces: lastWord, isInverted: true },
  { mark: [0, 0, 0x5efe, 0], mask: [0, 0, 0xfcff_ffff, 0], pieces: lastWord, shortest: 96 },
];

const none: readonly Network[] = [];

/**
 * Returns the IPv4 networks that an IPv6 network carries, each once: a whitelisted or private IPv4 address must not be
 * banned in IPv6 clothes. A Teredo address carries two. A network that holds a whole translation prefix yields 0.0.0.0/0;
 * an IPv4 network, and one that carries nothing, yields none.
 */
export function embeddedIpv4(network: Network): readonly Network[] {
  if (familyOf(network) === 4) return none;
  const { first, prefixLength } = rangeOf(network);
  const words = wordsOf(first);
  const fixed = prefixMask(prefixLength);
  let found: Network[] | undefined;
  for (const form of forms) {
    if (prefixLength < (form.shortest ?? 0) || !isOf(form, words, fixed)) continue;
    const inside = extract(form, words, prefixLength);
    if (inside === undefined || found?.includes(inside) === true) continue;
    found ??= [];
    found.push(inside);
  }
  return found ?? none;
}

/** Returns what `find` finds first: of the network itself, then of the IPv4 networks that it carries. */
export function findThrough<Found>(network: Network, find: Find<Found>): Found | undefined {
  return find(network) ?? findAmong(embeddedIpv4(network), find);
}

/** Returns what `find` finds first among these. */
export function findAmong<Found>(networks: readonly Network[], find: Find<Found>): Found | undefined {
  for (const network of networks) {
    const found = find(network);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Find<Found> = (network: Network) => Found | undefined;

/** Whether a network holds an address of this form: nothing that it fixes contradicts the mark. */
function isOf({ mark, mask }: Form, words: Words, fixed: Words): boolean {
  return (
    ((words[0] ^ mark[0]) & mask[0] & fixed[0]) === 0 &&
    ((words[1] ^ mark[1]) & mask[1] & fixed[1]) === 0 &&
    ((words[2] ^ mark[2]) & mask[2] & fixed[2]) === 0 &&
    ((words[3] ^ mark[3]) & mask[3] & fixed[3]) === 0
  );
}

function extract({ pieces, isInverted, isAmbiguous }: Form, words: Words, prefixLength: number): Network | undefined {
  let value = 0;
  let known = 0;
  for (const { at, bits } of pieces) {
    const word = words[at >>> 5] ?? 0;
    value = value * 2 ** bits + (((word >>> (32 - bits - (at & 31))) & (2 ** bits - 1)) >>> 0);
    known += Math.min(bits, Math.max(0, prefixLength - at));
  }
  const address = (isInverted === true ? ~value : value) >>> 0;
  if (isAmbiguous === true && known >= 8 && address >>> 24 === 0) return undefined;
  return networkFrom(4, BigInt(address), known);
}

/** Four places under 64:ff9b:1::/48, by the length of the translator's prefix; bits 64–71 and those behind are zero. */
function localForm(mask: Words, pieces: readonly Piece[]): Form {
  return { mark: localMark, mask, pieces, isAmbiguous: true };
}

function wordsOf(address: bigint): Words {
  const high = address >> 64n;
  const low = address & 0xffff_ffff_ffff_ffffn;
  return [Number(high >> 32n), Number(high & 0xffff_ffffn), Number(low >> 32n), Number(low & 0xffff_ffffn)];
}

function prefixMask(prefixLength: number): Words {
  const word = (at: number): number => {
    const bits = Math.min(32, Math.max(0, prefixLength - at));
    return bits === 0 ? 0 : all << (32 - bits);
  };
  return [word(0), word(32), word(64), word(96)];
}
