declare const nameBrand: unique symbol;

/** A DNS name in lower case, without the dot at its end. Only {@link parseDnsName} makes one. */
export type DnsName = string & { readonly [nameBrand]: true };

/** RFC 1035 §2.3.4. */
const nameMaxCharacters = 253;
/** RFC 1123 §2.1, and the underscores of real zones. */
const labelPattern = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;

export const dnsNameAllowed = 'a DNS name with a dot, as home.example.org';

/**
 * Reads a DNS name: labels of letters, digits, `-` and `_`, at least two of them. The last one has a letter, so that no
 * slip of the pen in an address is a name. International names stand in their `xn--` form.
 *
 * @returns undefined when the text is none
 */
export function parseDnsName(text: string): DnsName | undefined {
  const name = text.toLowerCase().replace(/\.$/, '');
  if (name.length > nameMaxCharacters) return undefined;
  const labels = name.split('.');
  if (labels.length < 2 || !labels.every((label) => labelPattern.test(label))) return undefined;
  return /[a-z]/.test(labels.at(-1) ?? '') ? (name as DnsName) : undefined;
}
