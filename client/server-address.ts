import { withoutBrackets } from '../shared/authority.ts';
import type { Key } from './key-text.ts';
import type { Via } from './via.ts';

/** How the agent knows that it speaks to the right server before the server proves itself by the key. */
export type Trust =
  /** As pin.ts makes it, of the public key or of the whole certificate; nothing else of the certificate counts. */
  | { readonly kind: 'pin'; readonly sha256: string }
  /** PEM of the authority that must have signed the certificate; its names count too. */
  | { readonly kind: 'authority'; readonly pem: string }
  | { readonly kind: 'system-authorities' }
  /** `ws://` */
  | { readonly kind: 'plaintext' };

/** One `[server NAME]` section. */
export interface ServerAddress {
  readonly name: string;
  readonly url: string;
  readonly client: string;
  readonly key: Key;
  readonly trust: Trust;
  /** Absent: directly. */
  readonly via?: Via;
}

/** A host, an IPv6 address without brackets, and a port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** Where the url leads: from here, or from the ssh server of `via`. */
export function endpointOf({ url }: Pick<ServerAddress, 'url'>): Endpoint {
  const { hostname, protocol, port } = new URL(url);
  // A URL does not show its scheme's own port.
  const ownPort = protocol === 'wss:' ? 443 : 80;
  return { host: withoutBrackets(hostname), port: port === '' ? ownPort : Number(port) };
}

/** What this host itself speaks to, and must always be able to reach: the ssh server where the way leads through one. */
export function nextHopOf(server: Pick<ServerAddress, 'url' | 'via'>): Endpoint {
  const { host, port } = server.via ?? endpointOf(server);
  return { host, port };
}
