import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What an address in cluster.fw turned out to be. */
export interface ParsedAddress {
  /** The text without a superfluous /32 or /128, otherwise as given. */
  readonly cidr: string;
  readonly ipversion: 4 | 6;
}

/** Proxmox's complaint about anything that is no address. */
export const NOT_AN_ADDRESS = 'value does not look like a valid IP address or CIDR network';

/** What may name an alias in an ipset: the scope is optional (pve-firewall 5.0.1). */
export const ALIAS_PATTERN = /^(?:(?:dc|guest)\/)?[A-Za-z][A-Za-z0-9\-_]+\n?$/;

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9][0-9]|[0-9])';
const IPV4 = new RegExp(`^(?:${OCTET}\\.){3}${OCTET}$`);
// Perl's `$` lets one newline pass, which is how "198.51.100.7\n" gets into the file.
const WITH_PREFIX = /^([^/\n]*)(?:\/(\d+))?\n?$/;

/** Reads an address or network as the file parser does, or says undefined. */
export function parseAddress(text: string): ParsedAddress | undefined {
  const [, address = ''] = WITH_PREFIX.exec(text) ?? [];
  const ipversion = versionOf(address);
  if (ipversion === undefined) return undefined;
  return { cidr: text.replace(ipversion === 4 ? /\/32\n?$/ : /\/128\n?$/, ''), ipversion };
}

/**
 * Checks a parameter of format IPorCIDRorAlias.
 *
 * @returns the complaint, or undefined when the value will do
 */
export function addressProblem(text: string): string | undefined {
  if (ALIAS_PATTERN.test(text)) return undefined;
  const [, address = '', prefix] = WITH_PREFIX.exec(text) ?? [];
  const ipversion = versionOf(address);
  if (ipversion === undefined) return NOT_AN_ADDRESS;
  if (prefix === undefined) return undefined;
  const bits = ipversion === 4 ? 32 : 128;
  if (Number(prefix) > bits) return `Prefix length ${prefix} is longer than IP address (${bits})`;
  const binary = toBinary(address);
  if (Number(prefix) === 0 && binary.includes('1')) return `Invalid prefix ${binary}/${prefix}`;
  return undefined;
}

/**
 * The spelling under which a new entry is stored (clean_cidr): only a text with a prefix length is made canonical, a
 * bare address stays as given, so that two spellings of one IPv6 address are two entries.
 */
export function cleanCidr(text: string): string {
  const [, address = '', prefix] = WITH_PREFIX.exec(text) ?? [];
  if (prefix === undefined || versionOf(address) === undefined) return text;
  const cleaned = `${firstAddress(address, Number(prefix))}/${prefix}`;
  // By its text: /032 stays.
  return cleaned.replace(cleaned.includes(':') ? /\/128$/ : /\/32$/, '');
}

function versionOf(address: string): 4 | 6 | undefined {
  if (IPV4.test(address)) return 4;
  return isIPv6(address) && !address.includes('%') ? 6 : undefined;
}

function toBinary(address: string): string {
  return ipaddr
    .parse(address)
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
}

function firstAddress(address: string, prefix: number): string {
  const bytes = ipaddr.parse(address).toByteArray();
  const masked = bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))) & 0xff);
  return ipaddr.fromByteArray(masked).toString();
}
