/** Whose turn something takes, and how much of it. */
export interface Turn {
  readonly client: string;
  /** In events; counts as 1 at least. */
  readonly cost: number;
}

interface Queued<Item> {
  readonly item: Item;
  readonly cost: number;
  /** What its client had been served, and what everybody had, when it came. Lowest first. */
  readonly tag: number;
}

/** What nobody's turn is comes first, and costs nothing. */
const first = Number.NEGATIVE_INFINITY;

/**
 * What waits, so that each client gets as much as each other one, however much one hands over. One client's items stay in
 * their order. Start-time fair queueing (Goyal, Vin and Cheng, 1996): an item is due when its client has been served as
 * little as the one that is being served now, so that whoever asks for little is next.
 */
export class FairQueue<Item> {
  /** By their tags. */
  readonly #queued: Queued<Item>[] = [];
  /** Up to where each client's items that came go, while anything waits. */
  readonly #ends = new Map<string, number>();
  /** The tag of what was taken last. */
  #now = 0;
  #cost = 0;

  get size(): number {
    return this.#queued.length;
  }

  /** Of all that waits. */
  get cost(): number {
    return this.#cost;
  }

  /** @param turn undefined: it is served before all that clients hand over */
  add(item: Item, turn?: Turn): void {
    const tag = turn === undefined ? first : Math.max(this.#now, this.#ends.get(turn.client) ?? 0);
    const cost = turn === undefined ? 0 : Math.max(1, turn.cost);
    if (turn !== undefined) this.#ends.set(turn.client, tag + cost);
    this.#queued.splice(this.#placeOf(tag), 0, { item, cost, tag });
    this.#cost += cost;
  }

  /** Takes those whose turn it is: as many as cost at most so much together, and at least one. */
  take(costMax: number): Item[] {
    let cost = 0;
    const end = this.#queued.findIndex((queued, at) => {
      cost += queued.cost;
      return at > 0 && cost > costMax;
    });
    const taken = this.#queued.splice(0, end === -1 ? this.#queued.length : end);
    for (const { cost: own } of taken) this.#cost -= own;
    this.#now = Math.max(this.#now, taken.at(-1)?.tag ?? 0);
    if (this.#queued.length === 0) this.#restart();
    return taken.map(({ item }) => item);
  }

  /** Nobody waits, so nobody is owed anything. */
  #restart(): void {
    this.#ends.clear();
    this.#now = 0;
  }

  /** Behind all of the same tag. */
  #placeOf(tag: number): number {
    let [low, high] = [0, this.#queued.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#queued[middle]?.tag ?? first) <= tag) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
