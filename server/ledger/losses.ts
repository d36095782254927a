import type { Log } from '../../shared/host/log.ts';
import type { Ledger, Loss } from './ledger.ts';

export interface LossesOptions {
  readonly ledger: Pick<Ledger, 'acceptLosses'>;
  readonly found: readonly Loss[];
  readonly log: Log;
  /** The operator accepted what was lost: no ban waits for that any more. */
  readonly onAccepted: () => Promise<void>;
}

/** What the ledger was found to have lost; it is said at each start, by `status` and by `doctor`, until the operator accepts it. */
export class Losses {
  readonly #options: LossesOptions;
  #list: readonly Loss[];

  constructor(options: LossesOptions) {
    this.#options = options;
    this.#list = options.found;
    for (const { text, holdsBack } of options.found)
      options.log.error({ loss: text, holdsBack }, 'the ledger has lost what was written');
  }

  /** Something else that was decided, and is lost with a file beside the ledger; said at each start until it is accepted. */
  note(loss: Loss): void {
    this.#list = [...this.#list, loss];
  }

  get list(): readonly Loss[] {
    return this.#list;
  }

  /** Whether something that protected from bans may be lost: fails closed. */
  get holdBack(): boolean {
    return this.#list.some(({ holdsBack }) => holdsBack);
  }

  /** @returns what is accepted. @throws LedgerError */
  async accept(): Promise<readonly Loss[]> {
    const accepted = this.#list;
    if (accepted.length === 0) return accepted;
    await this.#options.ledger.acceptLosses();
    this.#list = [];
    await this.#options.onAccepted();
    return accepted;
  }
}
