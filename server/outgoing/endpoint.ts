import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { formatAuthority } from '../../shared/authority.ts';
import { fingerprintOf, matchesPin } from '../../shared/pin.ts';
import { OutgoingError } from './outgoing-error.ts';

/** How the server proves itself: by an authority in a file, by its very key or certificate, or by the host's authorities. */
export type Trust =
  /** @throws OutgoingError `credential` */
  | { readonly kind: 'ca'; readonly readPem: () => string }
  /** As pin.ts makes it, of the public key or of the whole certificate. */
  | { readonly kind: 'pin'; readonly sha256: string }
  | { readonly kind: 'system' };

/** Where calls go: with TLS, or in plain HTTP to something on this very host. */
export type Endpoint =
  | { readonly scheme: 'https'; readonly host: string; readonly port: number; readonly trust: Trust }
  | { readonly scheme: 'http'; readonly host: string; readonly port: number };

/** As in a Host header. */
export function authorityOf({ host, port }: Endpoint): string {
  return formatAuthority(host, port);
}

/**
 * Opens a connection, ready for a request: over TLS only after the server has proved itself.
 *
 * @throws OutgoingError `untrusted` when it has not, Error when nobody answers
 */
export async function connectTo(endpoint: Endpoint, signal: AbortSignal): Promise<Socket> {
  const { scheme, host, port } = endpoint;
  if (scheme === 'http') return await ready(connectPlain({ host, port }), 'connect', signal);
  // A server name is for names only (RFC 6066 §3).
  const serverName = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({ host, port, ...serverName, ...tlsOptions(endpoint.trust) });
  await ready(socket, 'secureConnect', signal).catch((cause: unknown) => {
    if (!socket.authorizationError) throw cause;
    throw new OutgoingError(
      'untrusted',
      `the certificate of ${authorityOf(endpoint)} is not trusted; check ca or pin`,
      { cause },
    );
  });
  if (endpoint.trust.kind === 'pin') checkPin(socket, endpoint.trust.sha256, authorityOf(endpoint));
  return socket;
}

function tlsOptions(trust: Trust): ConnectionOptions {
  const common: ConnectionOptions = { ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2' };
  switch (trust.kind) {
    case 'ca':
      return { ...common, ca: trust.readPem() };
    case 'pin':
      // Many sign their own; what counts is checked below, before the first byte of a request.
      return { ...common, rejectUnauthorized: false };
    case 'system':
      return common;
  }
}

function checkPin(socket: TLSSocket, sha256: string, authority: string): void {
  const certificate = socket.getPeerX509Certificate();
  if (certificate !== undefined && matchesPin(certificate, sha256)) return;
  socket.destroy();
  const shown = certificate === undefined ? 'none' : fingerprintOf(certificate);
  throw new OutgoingError(
    'untrusted',
    `${authority} shows a certificate with the SHA-256 ${shown}, not the pinned ${sha256}`,
  );
}

function ready<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', signal: AbortSignal): Promise<S> {
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off(event, onReady);
      finish();
    };
    const onReady = (): void => settle(() => resolve(socket));
    const onError = (error: Error): void => settle(() => reject(error));
    const onAbort = (): void => {
      socket.destroy();
      settle(() => reject(signal.reason));
    };
    socket.once(event, onReady).once('error', onError);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
