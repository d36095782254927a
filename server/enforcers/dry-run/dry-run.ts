import type { DesiredEntry, Enforcer, HeldEntry, Step } from '../../../shared/enforcer.ts';
import type { Network } from '../../../shared/network.ts';

/** Keeps in memory what a firewall would be told, for trying a configuration out. The reconciler reports each step as for any other. */
export class DryRun implements Enforcer {
  readonly name = 'dry-run';
  readonly stepsPerCall = 1;
  readonly #entries = new Map<Network, DesiredEntry>();

  /** What would be blocked now. */
  get entries(): ReadonlyMap<Network, DesiredEntry> {
    return this.#entries;
  }

  list(): Promise<readonly HeldEntry[]> {
    const networks = [...this.#entries.keys()];
    return Promise.resolve(networks.map((network) => ({ network, spelling: network, owner: 'ours' })));
  }

  apply(steps: readonly Step[]): Promise<void> {
    for (const { verb, entry } of steps) {
      if (verb === 'add') this.#entries.set(entry.network, entry);
      else this.#entries.delete(entry.network);
    }
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
