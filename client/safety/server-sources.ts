import { resolveHost } from '../../shared/host/resolve-host.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import type { SafetySource } from './safety.ts';

/** A server as the agent reaches it. */
export interface ReachedServer {
  /** As in `[server NAME]`. */
  readonly name: string;
  /** Host name or address, without brackets. */
  readonly host: string;
  /** The address of the other end of the connection that stands now, if one does. */
  readonly peer: () => string | undefined;
}

/** What an agent must leave reachable to hear of bans at all: each server by its name, and as it is connected now. */
export function serverSources(servers: readonly ReachedServer[]): readonly SafetySource[] {
  return servers.flatMap(({ name, host, peer }) => [
    { reason: `an address of the server ${name}`, read: (signal) => resolveHost(host, signal) },
    { reason: `where the server ${name} is connected`, read: () => Promise.resolve(networksOf([peer() ?? ''])) },
  ]);
}

/** Addresses of the link carry a zone (`fe80::1%eth0`) and are refused as special anyway. */
function networksOf(addresses: readonly string[]): Network[] {
  return addresses.map(parseNetwork).filter((network) => network !== undefined);
}
