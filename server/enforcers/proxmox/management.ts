import type { Proxmox } from 'proxmox-api';
import type { Turns } from '../../in-turns.ts';
import { readAliases } from './aliases.ts';
import type { LocalNetworks } from './local-networks.ts';
import { contentOf, readIpset, type SetContent } from './read-set.ts';

/**
 * Where administrators come from: the ipset `management`, with what Proxmox puts into it by itself.
 *
 * @throws EnforcerError
 */
export async function readManagement(
  api: Proxmox.Api,
  localNetworks: LocalNetworks,
  turns?: Turns,
): Promise<SetContent> {
  const aliases = await readAliases(api);
  const reading = turns === undefined ? { aliases } : { aliases, turns };
  const written = contentOf((await readIpset(api, 'management', reading)) ?? []);
  const local = await localNetworks.read(api, aliases);
  return {
    networks: [...new Set([...written.networks, ...local.networks])],
    unknown: [...written.unknown, ...local.unknown],
  };
}
