import type { Network } from '../../../shared/network.ts';
import { InnerNetworks } from '../../ledger/inner-networks.ts';
import { type Ledger, LedgerError } from '../../ledger/ledger.ts';

/** So many answers are remembered: more entries than any firewall holds of ours at once. */
const rememberedMost = 200_000;

/**
 * Which networks the ledger has ever heard of, as far as its history reaches. What of ours stands in a firewall without a trace was
 * put there by somebody who knew more: a ledger that was lost, or a newer state of this one.
 */
export class Traces {
  readonly #ledger: Pick<Ledger, 'traces'>;
  readonly #known = new Set<Network>();
  readonly #unknown = new Set<Network>();

  constructor(ledger: Pick<Ledger, 'traces'>) {
    this.#ledger = ledger;
  }

  /** Those of the networks that the ledger knows. A ledger that cannot be read knows nothing for now. */
  async of(networks: readonly Network[]): Promise<ReadonlySet<Network>> {
    const asked = networks.filter((network) => !this.#known.has(network) && !this.#unknown.has(network));
    if (asked.length > 0) await this.#ask(asked);
    return new Set(networks.filter((network) => this.#known.has(network)));
  }

  /** The ledger hears of this network now. */
  note(network: Network): void {
    // Nearly always: nothing is looked up for each of a flood of bans.
    if (this.#unknown.size === 0) return;
    this.#know(network);
    for (const outer of new InnerNetworks([...this.#unknown].filter(isWide)).take(network)) this.#know(outer);
  }

  /** An entry of ours is about to be made for it. */
  noteOwn(network: Network): void {
    if (isWide(network)) this.#know(network);
  }

  #know(network: Network): void {
    this.#unknown.delete(network);
    if (this.#known.size >= rememberedMost) this.#known.clear();
    this.#known.add(network);
  }

  async #ask(networks: readonly Network[]): Promise<void> {
    try {
      const traces = await this.#ledger.traces(networks);
      if (this.#unknown.size + networks.length > rememberedMost) this.#unknown.clear();
      for (const network of networks) {
        if (traces.has(network)) this.#know(network);
        else this.#unknown.add(network);
      }
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
  }
}

function isWide(network: Network): boolean {
  return network.includes('/');
}
