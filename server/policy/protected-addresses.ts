import type { Network } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';

/**
 * Addresses whose ban would lock the operator or the fleet out: of this server, of cluster nodes, of connected clients,
 * of Proxmox's `management` set. Each source replaces its own list when it changes.
 */
export class ProtectedAddresses {
  readonly #sources = new Map<string, readonly Network[]>();
  #owners = new Map<Network, string>();
  #index = new NetworkIndex();

  /** @param source what the addresses are, as it stands in a refusal: `address of a cluster node` */
  replace(source: string, networks: readonly Network[]): void {
    if (networks.join() === (this.#sources.get(source) ?? []).join()) return;
    this.#sources.set(source, networks);
    this.#owners = new Map(
      [...this.#sources].flatMap(([name, list]) => list.map((network) => [network, name] as const)),
    );
    this.#index = new NetworkIndex(this.#owners.keys());
  }

  /** What is protected in or around `network`, or undefined. */
  overlapping(network: Network): { readonly network: Network; readonly source: string } | undefined {
    const found = this.#index.overlapping(network);
    return found && { network: found, source: this.#owners.get(found) ?? '' };
  }

  list(): ReadonlyMap<string, readonly Network[]> {
    return this.#sources;
  }
}
