/**
 * Why there is no connection to a server:
 * - `unreachable`: name, route, port or TLS handshake; tried again.
 * - `no-way`: ssh, through which the server is reached, failed or ended; tried again.
 * - `untrusted`: the certificate is not the pinned one, or no authority vouches for it.
 * - `unauthenticated`: the server does not accept this client and key.
 * - `not-believed`: what the server says is not of this protocol, or its MAC does not fit.
 * - `silent`: no answer or no sign of life in time.
 * - `closed`: the server ended the connection.
 */
export type UplinkErrorCode =
  | 'unreachable'
  | 'no-way'
  | 'untrusted'
  | 'unauthenticated'
  | 'not-believed'
  | 'silent'
  | 'closed';

/** The connection to a server could not be made, or has ended. */
export class UplinkError extends Error {
  readonly code: UplinkErrorCode;

  constructor(code: UplinkErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'UplinkError';
    this.code = code;
  }
}
