import { type Network, networkFrom, rangeOf } from '../../../shared/network.ts';

/** A way to write an IPv4 network as an IPv6 one: its bits, left-aligned in 32, and how many of them there are. */
type Spell = (bits: bigint, length: number) => Network;

const localNat64 = 0x64ff9b0001n << 80n;
const sixToFour = 0x2002n << 112n;
const teredo = 0x2001_0000n << 96n;
const teredoServer = 0x2d21_209cn;

/** Every form in which an IPv6 address carries an IPv4 one, by name; those with more than one place, each place. */
export const spellings: Readonly<Record<string, Spell>> = {
  'IPv4-compatible': tail(0n),
  mapped: tail(0xffffn << 32n),
  SIIT: tail(0xffff0000n << 32n),
  NAT64: tail(0x64ff9bn << 96n),
  'local NAT64, /48': (bits, length) =>
    inside(localNat64 | ((bits >> 16n) << 64n) | ((bits & 0xffffn) << 40n), length, length <= 16 ? 48 : 56),
  'local NAT64, /56': (bits, length) =>
    inside(localNat64 | ((bits >> 24n) << 64n) | ((bits & 0xffffffn) << 32n), length, length <= 8 ? 56 : 64),
  'local NAT64, /64': (bits, length) => inside(localNat64 | (bits << 24n), length, 72),
  'local NAT64, /96': tail(localNat64 | (0xabcdn << 64n)),
  '6to4, a site': (bits, length) => networkFrom(6, sixToFour | (bits << 80n), 16 + length),
  '6to4, an address': (bits, length) => inside(sixToFour | (bits << 80n) | 1n, length, 16),
  'Teredo, server': (bits, length) => inside(teredo | (bits << 64n) | 0x8000_63bf_34ff_8eccn, length, 32),
  'Teredo, client': (bits, length) =>
    inside(teredo | (teredoServer << 64n) | (0x8000_63bfn << 32n) | (bits ^ 0xffff_ffffn), length, 96),
  ISATAP: tail((0x20010db8n << 96n) | (0x5efen << 32n)),
  'ISATAP, universal': tail((0x20010db8n << 96n) | (0x0200_5efen << 32n)),
  'ISATAP, any prefix': tail((0x2a00_1234_5678_9abcn << 64n) | (0x5efen << 32n)),
};

/** One address for one address; for a network, that of the prefix whose IPv4 bits begin at `at`. */
function inside(value: bigint, length: number, at: number): Network {
  return networkFrom(6, value, length === 32 ? 128 : at + length);
}

function tail(prefix: bigint): Spell {
  return (bits, length) => networkFrom(6, prefix | bits, 96 + length);
}

/** An IPv4 network in every spelling, by the name of the form; its own first. */
export function spell(network: Network): [form: string, spelled: Network][] {
  const { first, prefixLength } = rangeOf(network);
  const others = Object.entries(spellings).map(([form, as]): [string, Network] => [form, as(first, prefixLength)]);
  return [['plain', network], ...others];
}
