import type { Proxmox } from 'proxmox-api';
import { readAliases } from './aliases.ts';
import type { LocalNetworks } from './local-networks.ts';
import { contentOf, readIpset, type SetContent } from './read-set.ts';

/**
 * Where administrators come from: the ipset `management`, with what Proxmox puts into it by itself.
 *
 * @throws EnforcerError
 */
export async function readManagement(api: Proxmox.Api, localNetworks: LocalNetworks): Promise<SetContent> {
  const aliases = await readAliases(api);
  const written = contentOf((await readIpset(api, 'management', aliases)) ?? []);
  const local = await localNetworks.read(api, aliases);
  return {
    networks: [...new Set([...written.networks, ...local.networks])],
    unknown: [...written.unknown, ...local.unknown],
  };
}
