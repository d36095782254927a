import type { Log } from '../../shared/host/log.ts';
import type { Ledger, Loss } from './ledger.ts';

/** What the ledger was found to have lost; it is said at each start, by `status` and by `doctor`, until the operator accepts it. */
export class Losses {
  readonly #ledger: Pick<Ledger, 'acceptLosses'>;
  #list: readonly Loss[];

  constructor(ledger: Pick<Ledger, 'acceptLosses'>, found: readonly Loss[], log: Log) {
    this.#ledger = ledger;
    this.#list = found;
    for (const { text } of found) log.error({ loss: text }, 'the ledger has lost what was written');
  }

  /** Something else that was decided, and is lost with a file beside the ledger; said as long as that file lies there. */
  note(loss: Loss): void {
    this.#list = [...this.#list, loss];
  }

  get list(): readonly Loss[] {
    return this.#list;
  }

  /** @returns what is accepted. @throws LedgerError */
  async accept(): Promise<readonly Loss[]> {
    const accepted = this.#list;
    if (accepted.length > 0) await this.#ledger.acceptLosses();
    this.#list = [];
    return accepted;
  }
}
