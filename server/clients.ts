import type { Change, Client } from './ledger/ledger.ts';

/** The enrolled hosts, as the ledger has them. */
export class Clients {
  readonly #byName: Map<string, Client>;

  constructor(clients: Iterable<Client>) {
    this.#byName = new Map(Array.from(clients, (client) => [client.name, client]));
  }

  get(name: string): Client | undefined {
    return this.#byName.get(name);
  }

  list(): Client[] {
    return [...this.#byName.values()];
  }

  /** Takes in what was committed. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'enrolled') this.#byName.set(change.client.name, change.client);
      if (change.kind === 'revoked') this.#byName.delete(change.client);
    }
  }
}
