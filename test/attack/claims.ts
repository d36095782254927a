import type { Chance } from './chance.ts';

/** What one client does to one network. */
export interface Act {
  readonly verb: 'ban' | 'unban';
  readonly network: string;
}

/**
 * What one client should hold in the end: the last word on each network counts. Its networks are its own, and no two of
 * them are neighbours, so that none are joined in the firewall.
 */
export class Claims {
  readonly #held = new Set<string>();
  readonly #place: number;
  readonly #networks: number;

  /**
   * @param place which of 64 clients it is: 198.18.0.0/15 is shared out among them
   * @param networks how many it uses, at most 1,000
   */
  constructor(place: number, networks: number) {
    this.#place = place;
    this.#networks = networks;
  }

  get held(): readonly string[] {
    return [...this.#held];
  }

  /** Something by chance, mostly a ban. */
  choose(chance: Chance): Act {
    const at = chance.between(0, this.#networks - 1);
    return { verb: chance.happens(0.65) ? 'ban' : 'unban', network: this.network(at) };
  }

  /** It was done. */
  note({ verb, network }: Act): void {
    if (verb === 'ban') this.#held.add(network);
    else this.#held.delete(network);
  }

  network(at: number): string {
    return `198.${18 + (this.#place >> 5)}.${(this.#place & 31) * 8 + (at >> 7)}.${((at & 127) << 1) | 1}`;
  }
}
