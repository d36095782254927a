import type { Proxmox } from 'proxmox-api';
import { covers, type Family, familyOf, type Network, parseNetwork } from '../../../shared/network.ts';
import { type Aliases, localNetworkAlias } from './aliases.ts';
import type { SetContent, UnknownMember } from './read-set.ts';
import { isUnreadable, objectsOf, type Readable, readable, textOf } from './readable.ts';

const loopback: Readonly<Record<Family, Network | undefined>> = {
  4: parseNetwork('127.0.0.0/8'),
  6: parseNetwork('::1'),
};

/**
 * What pve-firewall adds to `management` by itself, which the API does not list: the alias `local_network`, or where nobody
 * has defined it the network of each node's own address, as its interfaces have it. A node that cannot be asked any more keeps
 * what it had.
 */
export class LocalNetworks {
  readonly #byNode = new Map<string, readonly Network[]>();

  /** @throws EnforcerError when the nodes cannot be listed */
  async read(api: Proxmox.Api, aliases: Aliases): Promise<SetContent> {
    const defined = aliases.resolve(localNetworkAlias);
    if (defined !== undefined) return { networks: [defined], unknown: [] };
    const networks: Network[] = [];
    const unknown: UnknownMember[] = [];
    for (const { type, name, ip } of objectsOf(await api.cluster.status.$get(), 'cluster status')) {
      if (type !== 'node') continue;
      const found = await this.#ofNode(api, textOf(name), parseNetwork(textOf(ip)));
      if (isUnreadable(found))
        unknown.push({ member: `the network of node ${textOf(name)}`, reason: found.unreadable });
      else networks.push(...found);
    }
    return { networks, unknown };
  }

  async #ofNode(api: Proxmox.Api, node: string, address: Network | undefined): Promise<Readable<readonly Network[]>> {
    const found = await networksAround(api, node, address);
    if (isUnreadable(found)) return this.#byNode.get(node) ?? found;
    this.#byNode.set(node, found);
    return found;
  }
}

async function networksAround(
  api: Proxmox.Api,
  node: string,
  address: Network | undefined,
): Promise<Readable<readonly Network[]>> {
  if (address === undefined) return { unreadable: 'Proxmox knows no address of it' };
  const own = loopback[familyOf(address)];
  if (own !== undefined && covers(own, address)) return [own];
  const all = await readable(async () => objectsOf(await api.nodes.$(node).network.$get(), `networks of node ${node}`));
  if (isUnreadable(all)) return all;
  const around = all
    .flatMap(({ cidr, cidr6 }) => [parseNetwork(textOf(cidr)), parseNetwork(textOf(cidr6))])
    .flatMap((network) => (network !== undefined && covers(network, address) ? [network] : []));
  return around.length > 0 ? around : { unreadable: `no interface has its address ${address} with a prefix` };
}
