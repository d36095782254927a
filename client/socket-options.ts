import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { type ConnectionOptions, connect } from 'node:tls';
import type { ClientOptions } from 'ws';
import { limits } from '../shared/limits.ts';
import type { ServerAddress } from './server-address.ts';

/** What ws is told of a server. @param way the stream that takes the place of a socket of ws's own */
export function socketOptions(
  { trust, url }: ServerAddress,
  way: Duplex | undefined,
  handshakeTimeout: number,
): ClientOptions {
  return {
    perMessageDeflate: false,
    maxPayload: limits.frameMaxBytes,
    followRedirects: false,
    handshakeTimeout,
    // The pin takes the place of authorities and names; it is checked before any frame is believed.
    ...(trust.kind === 'pin' ? { rejectUnauthorized: false } : {}),
    ...(trust.kind === 'authority' ? { ca: trust.pem } : {}),
    ...(way === undefined ? {} : throughWay(way, url)),
  };
}

/** With TLS on the stream where the url says so. */
function throughWay(way: Duplex, url: string): ClientOptions {
  const open = (options: ConnectionOptions): Duplex => {
    if (url.startsWith('ws:')) return way;
    const { host = '' } = options;
    return connect({ ...options, path: undefined, servername: isIP(host) === 0 ? host : '', socket: way });
  };
  // The types of ws ask for more than ws and http.request do, which take any Duplex.
  return { createConnection: open as ClientOptions['createConnection'] };
}
