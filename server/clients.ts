import type { Change, Client, Report } from './ledger/ledger.ts';
import { operator } from './own-clients.ts';

/** The enrolled hosts, as the ledger has them. */
export class Clients {
  readonly #byName = new Map<string, Client>();
  readonly #byKey = new Map<string, Client>();

  constructor(clients: Iterable<Client>) {
    for (const client of clients) this.#put(client);
  }

  get(name: string): Client | undefined {
    return this.#byName.get(name);
  }

  /** Whose key this is. */
  withKey(id: string): Client | undefined {
    return this.#byKey.get(id);
  }

  list(): Client[] {
    return [...this.#byName.values()];
  }

  /**
   * Whether a report is the operator's own: made over the admin socket, or by hand by a client that may operate. What
   * other clients ban by hand is a client's, like all else that they ban.
   */
  isOperators({ client, source }: Pick<Report, 'client' | 'source'>): boolean {
    if (source !== 'hand') return false;
    return client === operator || this.get(client)?.may.includes('operate') === true;
  }

  /** Takes in what was committed. */
  apply(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind === 'enrolled') this.#put(change.client);
      if (change.kind === 'revoked') this.#remove(change.client);
    }
  }

  #put(client: Client): void {
    this.#remove(client.name);
    this.#byName.set(client.name, client);
    for (const { id } of client.keys) this.#byKey.set(id, client);
  }

  #remove(name: string): void {
    for (const { id } of this.#byName.get(name)?.keys ?? []) this.#byKey.delete(id);
    this.#byName.delete(name);
  }
}
