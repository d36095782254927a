import type { Network } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';

/**
 * Who is known by which address. Thousands of hosts come and go, so a single address costs one look-up, and the index of all
 * is made only when a wider network is asked about.
 */
export class AddressIndex {
  readonly #clientsAt = new Map<Network, Set<string>>();
  #index: NetworkIndex | undefined;

  add(address: Network, client: string): void {
    const clients = this.#clientsAt.get(address) ?? new Set<string>();
    if (clients.size === 0) this.#index = undefined;
    this.#clientsAt.set(address, clients.add(client));
  }

  /** @returns whether the address was the last host's there */
  delete(address: Network, client: string): boolean {
    const clients = this.#clientsAt.get(address);
    clients?.delete(client);
    if (clients?.size !== 0) return false;
    this.#clientsAt.delete(address);
    this.#index = undefined;
    return true;
  }

  /** An address in or around `network`, with who is known by it. */
  overlapping(network: Network): { readonly address: Network; readonly clients: readonly string[] } | undefined {
    const address = this.#find(network);
    return address === undefined ? undefined : { address, clients: [...(this.#clientsAt.get(address) ?? [])].sort() };
  }

  /** All addresses inside `network`. */
  within(network: Network): Network[] {
    if (!network.includes('/')) return this.#clientsAt.has(network) ? [network] : [];
    return this.#all().within(network);
  }

  #find(network: Network): Network | undefined {
    if (this.#clientsAt.has(network)) return network;
    return network.includes('/') && this.#clientsAt.size > 0 ? this.#all().overlapping(network) : undefined;
  }

  #all(): NetworkIndex {
    this.#index ??= new NetworkIndex(this.#clientsAt.keys());
    return this.#index;
  }
}
