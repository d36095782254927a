import { type Network, parseNetwork } from '../network.ts';
import { readIfPresent } from './absent-file.ts';

/**
 * Files that name the resolvers which the host really asks: a resolver on the host itself writes its upstreams beside the
 * stub that resolv.conf names (systemd-resolved(8), NetworkManager).
 */
const resolverFiles: readonly string[] = [
  '/etc/resolv.conf',
  '/run/systemd/resolve/resolv.conf',
  '/run/NetworkManager/no-stub-resolv.conf',
];

/** Returns the addresses of the host's resolvers, each once; files that are not there name none. @throws Error */
export async function readResolvers(files: readonly string[] = resolverFiles): Promise<Network[]> {
  const texts = await Promise.all(files.map(readIfPresent));
  return [...new Set(texts.flatMap((text) => parseResolvers(text ?? '')))];
}

/** Returns the addresses behind `nameserver` in a resolv.conf(5), without the zone of an address of the link. */
export function parseResolvers(text: string): Network[] {
  return text.split('\n').flatMap((line) => {
    const address = /^\s*nameserver\s+([^\s%#;]+)/.exec(line)?.[1];
    return (address === undefined ? undefined : parseNetwork(address)) ?? [];
  });
}
