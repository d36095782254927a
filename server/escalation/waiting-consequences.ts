import type { Network } from '../../shared/network.ts';
import type { Consequence, EscalationJail } from './escalation-rules.ts';

type Key = `${EscalationJail} ${Network}`;

/**
 * Consequences that wait to be recorded, at most so many. Where there is no room, that client gives way whose offences led to
 * most of them, its newest first. They are taken out by turns.
 */
export class WaitingConsequences {
  readonly #most: number;
  /** By client, each oldest first. Nobody has none. */
  readonly #ofClient = new Map<string, Map<Key, Consequence>>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes the place of another about the same network in the same jail. @returns whether one of all has no room */
  put(consequence: Consequence): boolean {
    const { client, jail, network } = consequence;
    const key = keyOf(jail, network);
    this.delete(jail, network);
    const own = this.#ofClient.get(client) ?? new Map<Key, Consequence>();
    this.#ofClient.set(client, own.set(key, consequence));
    this.#size += 1;
    if (this.#size <= this.#most) return false;
    this.#giveWay(client, key);
    return true;
  }

  delete(jail: EscalationJail, network: Network): void {
    for (const client of this.#ofClient.keys()) this.#remove(client, keyOf(jail, network));
  }

  clear(): void {
    this.#ofClient.clear();
    this.#size = 0;
  }

  /** Takes out the next: each client's oldest, then each one's second oldest. */
  take(most: number): Consequence[] {
    const taken: Consequence[] = [];
    while (this.#size > 0 && taken.length < most)
      for (const client of [...this.#ofClient.keys()].slice(0, most - taken.length))
        taken.push(...this.#takeOf(client));
    return taken;
  }

  /** The oldest of a client, whose next turn comes after everybody else's. */
  #takeOf(client: string): Consequence[] {
    const own = this.#ofClient.get(client);
    const [first] = own ?? [];
    if (own === undefined || first === undefined) return [];
    const [key, consequence] = first;
    this.#remove(client, key);
    if (this.#ofClient.delete(client)) this.#ofClient.set(client, own);
    return [consequence];
  }

  /** @param last who came last, with this: of those that have as many, it gives way */
  #giveWay(last: string, key: Key): void {
    let [most, size] = [last, this.#ofClient.get(last)?.size ?? 0];
    for (const [client, own] of this.#ofClient) if (own.size > size) [most, size] = [client, own.size];
    const newest = most === last ? key : [...(this.#ofClient.get(most)?.keys() ?? [])].at(-1);
    if (newest !== undefined) this.#remove(most, newest);
  }

  #remove(client: string, key: Key): void {
    const own = this.#ofClient.get(client);
    if (own?.delete(key) !== true) return;
    this.#size -= 1;
    if (own.size === 0) this.#ofClient.delete(client);
  }
}

function keyOf(jail: EscalationJail, network: Network): Key {
  return `${jail} ${network}`;
}
