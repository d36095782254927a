import type { Network } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';
import type { Change, WhitelistEntry } from '../ledger/ledger.ts';

/** Networks that are never banned: those of the configuration, and timed entries made at run time. */
export class Whitelist {
  readonly #timed = new Map<Network, WhitelistEntry>();
  #configured: readonly Network[];
  #index: NetworkIndex;

  constructor(configured: readonly Network[], timed: Iterable<WhitelistEntry>) {
    this.#configured = configured;
    for (const entry of timed) this.#timed.set(entry.network, entry);
    this.#index = this.#rebuild();
  }

  get configured(): readonly Network[] {
    return this.#configured;
  }

  get timed(): readonly WhitelistEntry[] {
    return [...this.#timed.values()];
  }

  /** The configuration was read again. */
  configure(networks: readonly Network[]): void {
    this.#configured = networks;
    this.#index = this.#rebuild();
  }

  /** Takes in what was committed. */
  apply(changes: readonly Change[]): void {
    let changed = false;
    for (const change of changes) {
      if (change.kind === 'allowed') this.#timed.set(change.entry.network, change.entry);
      if (change.kind === 'disallowed') this.#timed.delete(change.network);
      changed ||= change.kind === 'allowed' || change.kind === 'disallowed';
    }
    if (changed) this.#index = this.#rebuild();
  }

  /** Entries whose time has come. */
  due(now: number): WhitelistEntry[] {
    return this.timed.filter(({ endsAt }) => endsAt <= now);
  }

  /** An entry that shares an address with `network`, in either direction. */
  overlapping(network: Network): Network | undefined {
    return this.#index.overlapping(network);
  }

  #rebuild(): NetworkIndex {
    return new NetworkIndex([...this.#configured, ...this.#timed.keys()]);
  }
}
