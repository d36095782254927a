import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { UntrustedError } from './proxmox-errors.ts';

/** How the server proves itself: by an authority in a file, by its very certificate, or by the host's authorities. */
export type Trust =
  | { readonly kind: 'ca'; readonly readPem: () => Promise<string> }
  /** SHA-256 of the server's certificate: 64 hexadecimal digits, lower case, no colons. */
  | { readonly kind: 'pin'; readonly sha256: string }
  | { readonly kind: 'system' };

/** Where the API is. */
export interface ProxmoxEndpoint {
  /** `https://HOST[:8006]`, or `http://` to a loopback address. */
  readonly url: URL;
  readonly trust: Trust;
}

/**
 * Opens a connection, ready for a request: over TLS only after the server has proved itself.
 *
 * @throws UntrustedError when it has not, Error when nobody answers
 */
export async function connectTo({ url, trust }: ProxmoxEndpoint, signal: AbortSignal): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port === '' ? defaultPorts[url.protocol] : url.port);
  if (url.protocol === 'http:') return await ready(connectPlain({ host, port }), 'connect', signal);
  // A server name is for names only (RFC 6066 §3).
  const serverName = isIP(host) === 0 ? { servername: host } : {};
  const socket = connectTls({ host, port, ...serverName, ...(await tlsOptions(trust)) });
  await ready(socket, 'secureConnect', signal).catch((cause: unknown) => {
    throw socket.authorizationError
      ? new UntrustedError(`the certificate of ${url.host} is not trusted`, { cause })
      : cause;
  });
  if (trust.kind === 'pin') checkPin(socket, trust.sha256, url.host);
  return socket;
}

const defaultPorts: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };

async function tlsOptions(trust: Trust): Promise<ConnectionOptions> {
  const common: ConnectionOptions = { ALPNProtocols: ['http/1.1'], minVersion: 'TLSv1.2' };
  switch (trust.kind) {
    case 'ca':
      return { ...common, ca: await trust.readPem() };
    case 'pin':
      // Proxmox signs its own; what counts is checked below, before the first byte of a request.
      return { ...common, rejectUnauthorized: false };
    case 'system':
      return common;
  }
}

function checkPin(socket: TLSSocket, sha256: string, host: string): void {
  const shown = (socket.getPeerCertificate().fingerprint256 ?? '').replaceAll(':', '').toLowerCase();
  if (shown === sha256) return;
  socket.destroy();
  throw new UntrustedError(
    `${host} shows a certificate with the fingerprint ${shown}, not ${sha256}: if it was renewed, set pin anew`,
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
