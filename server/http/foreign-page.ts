import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a browser sends this on behalf of a page of another site (Fetch Metadata; RFC 6454): it may add the password of
 * Basic that it keeps, though its user never meant to. What is no browser sends neither header.
 */
export function isOfForeignPage({ host, origin, ...headers }: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'none' && site !== 'same-origin';
  return origin !== undefined && origin.replace(/^https?:\/\//, '') !== host;
}
