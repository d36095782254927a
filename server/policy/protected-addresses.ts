import { addressBits, familyOf, type Network, prefixLengthOf } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';

/** Why a network is protected, as it stands in a refusal: `an address of a cluster node`. */
export type Protection = string;

/**
 * Addresses whose ban would lock the operator or the fleet out: of this server, of cluster nodes, of connected clients,
 * of Proxmox's `management` set. Thousands of clients come and go, so a single address costs one look-up and the index
 * for wider networks is made only when one is asked for.
 */
export class ProtectedAddresses {
  readonly #reasons = new Map<Network, Protection[]>();
  readonly #replaced = new Map<Protection, readonly Network[]>();
  #index: NetworkIndex | undefined;
  #wide: NetworkIndex | undefined;

  /** Protects a network until {@link release}; one that is protected twice must be released twice. */
  protect(network: Network, reason: Protection): void {
    const reasons = this.#reasons.get(network);
    if (reasons === undefined) this.#reasons.set(network, [reason]);
    else reasons.push(reason);
    if (reasons === undefined) this.#changed(network);
  }

  release(network: Network, reason: Protection): void {
    const reasons = this.#reasons.get(network) ?? [];
    const at = reasons.indexOf(reason);
    if (at >= 0) reasons.splice(at, 1);
    if (reasons.length > 0) return;
    this.#reasons.delete(network);
    this.#changed(network);
  }

  /**
   * Protects these networks instead of those given for the same reason before.
   *
   * @returns whether anything changed
   */
  replace(reason: Protection, networks: readonly Network[]): boolean {
    const before = new Set(this.#replaced.get(reason));
    const after = new Set(networks);
    if (after.size === 0) this.#replaced.delete(reason);
    else this.#replaced.set(reason, [...after]);
    const gone = [...before].filter((network) => !after.has(network));
    const come = [...after].filter((network) => !before.has(network));
    for (const network of come) this.protect(network, reason);
    for (const network of gone) this.release(network, reason);
    return gone.length + come.length > 0;
  }

  /** What is protected in or around `network`, or undefined. */
  overlapping(network: Network): { readonly network: Network; readonly reason: Protection } | undefined {
    const found = this.#reasons.has(network) ? network : this.#find(network);
    return found && { network: found, reason: this.#reasons.get(found)?.[0] ?? '' };
  }

  list(): readonly { readonly network: Network; readonly reason: Protection }[] {
    return [...this.#reasons].map(([network, [reason = '']]) => ({ network, reason }));
  }

  #find(network: Network): Network | undefined {
    if (isSingle(network)) {
      this.#wide ??= new NetworkIndex([...this.#reasons.keys()].filter((other) => !isSingle(other)));
      return this.#wide.covering(network);
    }
    this.#index ??= new NetworkIndex(this.#reasons.keys());
    return this.#index.overlapping(network);
  }

  #changed(network: Network): void {
    this.#index = undefined;
    // Made when it is asked for: a host's offer brings hundreds at once.
    if (!isSingle(network)) this.#wide = undefined;
  }
}

function isSingle(network: Network): boolean {
  return prefixLengthOf(network) === addressBits[familyOf(network)];
}
