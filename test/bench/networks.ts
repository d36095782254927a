import { ipv4From, type Network } from '../../shared/network.ts';

/** 11.0.0.0: from here up to 99.255.255.255 anybody may be banned. */
const first = 0x0b_00_00_00;
/** No two become one CIDR. */
const spacing = 2;

/** `count` single addresses, the `from`th and those after it. */
export function addresses(count: number, from = 0): Network[] {
  return Array.from({ length: count }, (_, index) => ipv4From(first + (from + index) * spacing, 32));
}
