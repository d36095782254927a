import type { Network } from '../../shared/network.ts';

/** Networks that are kept for whoever is behind; who is behind more looks at all that stands. */
export const policyChangesMax = 10_000;

/**
 * The last bans that the policy began to hold back, or to let through again, or that are to be told again: no sequence number
 * of the ledger tells of it.
 */
export class PolicyChanges {
  #networks: Network[] = [];
  /** The tick of the first of them. */
  #floor = 0;

  /** How many there were since the start. */
  get tick(): number {
    return this.#floor + this.#networks.length;
  }

  add(networks: readonly Network[]): void {
    for (const network of networks) this.#networks.push(network);
    // Cut seldom: cutting moves the whole list.
    if (this.#networks.length > 2 * policyChangesMax) this.#cut(this.#networks.length - policyChangesMax);
  }

  /** All after a tick; undefined when they are no longer all here. */
  after(tick: number): readonly Network[] | undefined {
    return tick < this.#floor ? undefined : this.#networks.slice(tick - this.#floor);
  }

  #cut(count: number): void {
    this.#floor += count;
    this.#networks = this.#networks.slice(count);
  }
}
