import { type Network, networkFrom } from '../../shared/network.ts';

const digitsOfIpv4 = 8;
const digitsOfIpv6 = 32;

/**
 * Reads an address as /proc/net writes those of sockets and of IPv4 routes: the hexadecimal of 32-bit words in the
 * machine's own order (the kernel's `%08X` of a `__be32`), here that of a little-endian machine.
 */
export function addressFromWords(text: string): Network | undefined {
  return addressFromDigits(text.replaceAll(/(..)(..)(..)(..)/g, '$4$3$2$1'));
}

/** Reads an address as /proc/net/ipv6_route writes it: hexadecimal digits in the order of the network. */
export function addressFromDigits(text: string): Network | undefined {
  if (!/^[0-9A-Fa-f]+$/.test(text)) return undefined;
  if (text.length === digitsOfIpv4) return networkFrom(4, BigInt(`0x${text}`), 32);
  return text.length === digitsOfIpv6 ? networkFrom(6, BigInt(`0x${text}`), 128) : undefined;
}
