import { type Family, familyOf, type Network, networkFrom, prefixLengthOf, rangeOf } from '../../shared/network.ts';

/** Finds of given CIDRs those that networks lie in: one look-up for each width that there is. */
export class InnerNetworks {
  /** Those that nothing was found in so far. */
  readonly #open: Set<Network>;
  readonly #widths: Readonly<Record<Family, readonly number[]>>;

  constructor(outer: Iterable<Network>) {
    this.#open = new Set(outer);
    this.#widths = { 4: this.#widthsOf(4), 6: this.#widthsOf(6) };
  }

  get isDone(): boolean {
    return this.#open.size === 0;
  }

  /** The CIDRs that a network lies in, of those that were not found before. */
  take(network: Network): Network[] {
    const family = familyOf(network);
    const widths = this.#widths[family];
    if (widths.length === 0) return [];
    const { first, prefixLength } = rangeOf(network);
    return widths
      .filter((width) => width <= prefixLength)
      .map((width) => networkFrom(family, first, width))
      .filter((outer) => this.#open.delete(outer));
  }

  #widthsOf(family: Family): readonly number[] {
    const own = [...this.#open].filter((network) => familyOf(network) === family);
    return [...new Set(own.map(prefixLengthOf))];
  }
}
