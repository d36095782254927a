import type { Proxmox } from 'proxmox-api';
import { type Network, parseNetwork, prefixLengthOf } from '../../../shared/network.ts';
import { objectsOf, textOf } from './readable.ts';

/** The alias by which pve-firewall puts the network of each node into `management`, whether or not anybody has defined it. */
export const localNetworkAlias = 'local_network';

/** What the names in a set of the datacenter mean. Proxmox folds their case when it looks one up (Firewall.pm resolve_alias). */
export class Aliases {
  readonly #networks: ReadonlyMap<string, Network>;

  constructor(networks: Iterable<readonly [name: string, network: Network]> = []) {
    this.#networks = new Map(Array.from(networks, ([name, network]) => [name.toLowerCase(), network]));
  }

  /**
   * The network of a member as a set spells it: an address, a CIDR, `NAME` or `dc/NAME`. `guest/NAME` belongs to a guest, and
   * means nothing here. Undefined also for /0, which Proxmox takes into no set.
   */
  resolve(member: string): Network | undefined {
    const network = parseNetwork(member) ?? this.#networks.get(member.toLowerCase().replace(/^dc\//, ''));
    return network === undefined || prefixLengthOf(network) === 0 ? undefined : network;
  }
}

/** The aliases of the datacenter. @throws EnforcerError */
export async function readAliases(api: Proxmox.Api): Promise<Aliases> {
  const items = objectsOf(await api.cluster.firewall.aliases.$get(), 'aliases');
  return new Aliases(
    items.flatMap(({ name, cidr }) => {
      const network = parseNetwork(textOf(cidr));
      return network === undefined ? [] : [[textOf(name), network] as const];
    }),
  );
}
