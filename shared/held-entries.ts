import type { HeldEntry, Step } from './enforcer.ts';
import { familyOf, type Network, networkFrom, rangeOf } from './network.ts';

/** A hand-written file may hold one network in several spellings. */
export type HeldByNetwork = ReadonlyMap<Network, readonly HeldEntry[]>;

/** What a firewall held when it was last looked at, with what was done since. */
export class HeldEntries {
  readonly #byNetwork = new Map<Network, HeldEntry[]>();
  readonly #exceptions = new Map<Network, HeldEntry>();
  readonly #isTimed: boolean;

  /** @param isTimed whether the firewall ends entries by itself */
  constructor(entries: Iterable<HeldEntry>, isTimed = false) {
    this.#isTimed = isTimed;
    for (const entry of entries) {
      if (entry.isException === true) {
        this.#exceptions.set(entry.network, entry);
        continue;
      }
      const same = this.#byNetwork.get(entry.network);
      if (same === undefined) this.#byNetwork.set(entry.network, [entry]);
      else same.push(entry);
    }
  }

  get byNetwork(): HeldByNetwork {
    return this.#byNetwork;
  }

  /** How many entries of each owner. */
  counts(): { readonly ours: number; readonly theirs: number } {
    const entries = [...this.#byNetwork.values()].flat();
    const ours = entries.filter(({ owner }) => owner === 'ours').length;
    return { ours, theirs: entries.length - ours };
  }

  /** The entry that blocks `network`: its own, or a wider one. */
  holderOf(network: Network): HeldEntry | undefined {
    for (const holder of this.#holders(network)) return holder;
    return undefined;
  }

  /** All entries that block `network`, the narrowest first. */
  holdersOf(network: Network): readonly HeldEntry[] {
    return [...this.#holders(network)];
  }

  /** The narrowest exception that contains `network`: it undoes whatever is as wide or wider. */
  exceptionOf(network: Network): HeldEntry | undefined {
    if (this.#exceptions.size === 0) return undefined;
    for (const around of aroundOf(network)) {
      const exception = this.#exceptions.get(around);
      if (exception !== undefined) return exception;
    }
    return undefined;
  }

  *#holders(network: Network): Generator<HeldEntry> {
    const exception = this.exceptionOf(network);
    for (const around of aroundOf(network)) {
      if (around === exception?.network) return;
      yield* this.#of(around);
    }
  }

  /** Takes in a step that was carried out. */
  remember(step: Step): void {
    const { network } = step.entry;
    if (step.verb === 'add') {
      const end = this.#isTimed ? { endsAt: step.entry.endsAt } : {};
      this.#byNetwork.set(network, [{ network, spelling: network, owner: 'ours', ...end }]);
      return;
    }
    const { entry } = step;
    const others = this.#of(network).filter(({ spelling }) => spelling !== entry.spelling);
    if (others.length > 0) this.#byNetwork.set(network, others);
    else this.#byNetwork.delete(network);
  }

  #of(network: Network): readonly HeldEntry[] {
    return this.#byNetwork.get(network) ?? [];
  }
}

/** A network and those that contain it, the narrowest first; /0, which no firewall holds, left out. */
function* aroundOf(network: Network): Generator<Network> {
  const family = familyOf(network);
  const { first, prefixLength } = rangeOf(network);
  for (let length = prefixLength; length > 0; length -= 1) yield networkFrom(family, first, length);
}
