/** What became of somebody who asked for a place. */
export type Placed<Holder> =
  | { readonly kind: 'placed' }
  /** He has the place of another, who must go. */
  | { readonly kind: 'instead-of'; readonly other: Holder }
  | { readonly kind: 'full' };

/** How many places there are. */
export interface PlacesLimits {
  readonly all: number;
  /** Of one neighbourhood. */
  readonly each: number;
}

/**
 * Places that are shared between neighbourhoods. When all are taken, whoever comes from a neighbourhood that has fewer than
 * another gets the oldest place of the one that has most.
 */
export class FairPlaces<Holder> {
  readonly #limits: PlacesLimits;
  /** The holders of each neighbourhood, oldest first. */
  readonly #held = new Map<string, Set<Holder>>();
  #count = 0;

  constructor(limits: PlacesLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  take(neighbourhood: string, holder: Holder): Placed<Holder> {
    const own = this.#held.get(neighbourhood)?.size ?? 0;
    if (own >= this.#limits.each) return { kind: 'full' };
    if (this.#count < this.#limits.all) {
      this.#put(neighbourhood, holder);
      return { kind: 'placed' };
    }
    const [largest, holders] = this.#largest();
    const [other] = holders;
    if (other === undefined || holders.size <= own) return { kind: 'full' };
    this.leave(largest, other);
    this.#put(neighbourhood, holder);
    return { kind: 'instead-of', other };
  }

  /** Nothing happens for who holds no place. */
  leave(neighbourhood: string, holder: Holder): void {
    const holders = this.#held.get(neighbourhood);
    if (holders?.delete(holder) !== true) return;
    this.#count -= 1;
    if (holders.size === 0) this.#held.delete(neighbourhood);
  }

  #put(neighbourhood: string, holder: Holder): void {
    this.#held.set(neighbourhood, (this.#held.get(neighbourhood) ?? new Set()).add(holder));
    this.#count += 1;
  }

  /** Of those that are as large, the one that came first. */
  #largest(): readonly [string, ReadonlySet<Holder>] {
    let largest: readonly [string, ReadonlySet<Holder>] = ['', new Set()];
    for (const each of this.#held) if (each[1].size > largest[1].size) largest = each;
    return largest;
  }
}
