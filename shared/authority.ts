import { isIP } from 'node:net';

/** Host and port as in a URL or a Host header: an IPv6 address in brackets (RFC 3986 §3.2.2). */
export function formatAuthority(host: string, port: number): string {
  return `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** The host of a URL, an IPv6 address without its brackets. */
export function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
