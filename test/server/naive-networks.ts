import fc from 'fast-check';
import { addressBits, familyOf, type Network, networkFrom, prefixLengthOf, rangeOf } from '../../shared/network.ts';

/** Few enough addresses, beside and inside each other, that networks often meet. */
const ipv4Networks = fc
  .record({ value: fc.integer({ min: 0, max: 0xff }), prefixLength: fc.integer({ min: 20, max: 32 }) })
  .map(({ value, prefixLength }) => networkFrom(4, 0xcb007100n | BigInt(value), prefixLength));

const ipv6Networks = fc
  .record({ value: fc.integer({ min: 0, max: 0xff }), prefixLength: fc.integer({ min: 100, max: 128 }) })
  .map(({ value, prefixLength }) => networkFrom(6, (0x20010db8n << 96n) | BigInt(value), prefixLength));

/** Networks of both families from a small part of the address space. */
export const anyNetwork: fc.Arbitrary<Network> = fc.oneof(ipv4Networks, ipv6Networks);

/** Whether two networks share an address, by comparing their common leading bits as text. */
export function overlapsNaively(a: Network, b: Network): boolean {
  const shared = Math.min(prefixLengthOf(a), prefixLengthOf(b));
  return familyOf(a) === familyOf(b) && bitsOf(a).slice(0, shared) === bitsOf(b).slice(0, shared);
}

function bitsOf(network: Network): string {
  return rangeOf(network).first.toString(2).padStart(addressBits[familyOf(network)], '0');
}
