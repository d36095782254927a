import type { Step } from '../enforcer.ts';
import type { HeldEntries } from '../held-entries.ts';
import type { Network } from '../network.ts';

export interface RefusedNetwork {
  readonly network: Network;
  readonly reason: string;
}

/** At so many lists in a row must a network be missing that was added before each of them: one may be a hand edit. */
const missingLists = 2;

/**
 * What a firewall does not block although it should: it rejected the network, or it says each time that it added it, and does not hold it
 * at the next list. An answer is no proof: only a list is.
 */
export class RefusedNetworks {
  /** Since the last list, with the reason. */
  readonly #rejected = new Map<Network, string>();
  /** Added since the last list, as the firewall says. */
  readonly #added = new Set<Network>();
  /** At how many lists in a row what was added was missing. */
  #missing = new Map<Network, number>();

  /** Networks that are not to be tried again before the next list. */
  get rejected(): ReadonlySet<Network> {
    return new Set(this.#rejected.keys());
  }

  reject(network: Network, reason: string): void {
    this.#rejected.set(network, reason);
  }

  /** The firewall says that it has done this. */
  noteDone({ verb, entry }: Step): void {
    if (verb === 'add') {
      this.#added.add(entry.network);
      return;
    }
    this.#added.delete(entry.network);
    this.#missing.delete(entry.network);
  }

  /** Holds what was added against a new list; what was rejected may be tried again. */
  noteListed(held: HeldEntries): void {
    const missing = [...this.#added].filter((network) => held.holderOf(network) === undefined);
    this.#missing = new Map(missing.map((network) => [network, (this.#missing.get(network) ?? 0) + 1]));
    this.#added.clear();
    this.#rejected.clear();
  }

  /** Why the firewall does not block a network; undefined: nothing is known against it. */
  reasonOf(network: Network): string | undefined {
    const rejection = this.#rejected.get(network);
    if (rejection !== undefined) return `the firewall does not take this network: ${rejection}`;
    const lists = this.#missing.get(network) ?? 0;
    if (lists < missingLists) return undefined;
    return `added before each of the last ${lists} comparisons, and not there: the firewall does not keep it, or something takes it away`;
  }

  list(): readonly RefusedNetwork[] {
    return [...this.#rejected.keys(), ...this.#missing.keys()].flatMap((network) => {
      const reason = this.reasonOf(network);
      return reason === undefined ? [] : { network, reason };
    });
  }
}
