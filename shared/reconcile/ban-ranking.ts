/** One client's word for a ban. */
export interface Claim {
  readonly client: string;
  /** Rises with each claim. Absent counts as the oldest. */
  readonly sequence?: number | undefined;
}

/** A ban, as far as its place among others depends on it. */
export interface RankedBan {
  /** Rises with each claim, so the newest ban has the highest. */
  readonly order: number;
  /** By whom it is reported; a client may come more than once. */
  readonly claims: readonly Claim[];
  /** Whether the operator made it. */
  readonly isOperators: boolean;
}

/** The round before all others, which the operator's own bans share. */
const operatorsRound = 0;

/**
 * The order in which bans stay where there is no room for all: max-min fair between clients, so that whoever holds most
 * gives way first.
 *
 * ```
 *             operator    web1     web2     web3
 *  round 0    all, newest first
 *  round 1                newest   newest   newest
 *  round 2                second   second   –
 *  round 3                third    –        –
 * ```
 *
 * A ban of several clients is in the best of the rounds that they give it. Within a round come first those that most
 * clients report, then the newest.
 *
 * Makes only numbers, in typed arrays: 100,000 bans take about as long as sorting 100,000 numbers. Only the round in
 * which the room ends is ever sorted.
 */
export class BanRanking<Ban extends RankedBan> {
  readonly #bans: readonly Ban[];
  readonly #rounds: Uint32Array;
  /** How many bans each round has, by round. */
  readonly #sizes: Uint32Array;

  constructor(bans: readonly Ban[]) {
    this.#bans = bans;
    this.#rounds = roundsOf(bans);
    let last = 0;
    for (const round of this.#rounds) if (round > last) last = round;
    this.#sizes = new Uint32Array(last + 1);
    for (const round of this.#rounds) this.#sizes[round] = (this.#sizes[round] ?? 0) + 1;
  }

  /** The first `count` bans of the order, in that of the list. */
  best(count: number): readonly Ban[] {
    if (count >= this.#bans.length) return this.#bans;
    const { round, room } = this.#lastRound(count);
    const isIn = this.#chooser(round, room);
    return this.#bans.filter((ban, at) => {
      const own = this.#rounds[at] ?? 0;
      return own < round || (own === round && isIn(ban));
    });
  }

  /** The round in which so many bans end, and how many of it are among them. */
  #lastRound(count: number): { readonly round: number; readonly room: number } {
    let room = count;
    for (const [round, size] of this.#sizes.entries()) {
      if (room < size) return { round, room };
      room -= size;
    }
    return { round: this.#sizes.length, room };
  }

  /** Tells of each ban of a round, asked once in their order, whether it is among the first `room`. */
  #chooser(round: number, room: number): (ban: Ban) => boolean {
    const ranks = new Float64Array(this.#sizes[round] ?? 0);
    let filled = 0;
    for (const [at, ban] of this.#bans.entries()) {
      if (this.#rounds[at] !== round) continue;
      ranks[filled] = rankInRound(ban, round);
      filled += 1;
    }
    ranks.sort();
    const least = ranks[ranks.length - room] ?? Number.POSITIVE_INFINITY;
    let alike = room - (ranks.length - 1 - ranks.lastIndexOf(least));
    return (ban) => {
      const rank = rankInRound(ban, round);
      if (rank !== least) return rank > least;
      alike -= 1;
      return alike >= 0;
    };
  }
}

/** 52 bits, which a number holds exactly: 11 for the reporters, 41 for the order. */
function rankInRound({ claims, order }: RankedBan, round: number): number {
  if (round === operatorsRound) return order;
  return Math.min(newestOfEach(claims).length, 2 ** 11 - 1) * 2 ** 41 + order;
}

/** The newest claim of each client. Nearly every ban has one claim. */
function newestOfEach(claims: readonly Claim[]): readonly Claim[] {
  if (claims.length <= 1) return claims;
  const newest = new Map<string, Claim>();
  for (const claim of claims) {
    if ((claim.sequence ?? 0) >= (newest.get(claim.client)?.sequence ?? 0)) newest.set(claim.client, claim);
  }
  return [...newest.values()];
}

/** In which round each ban is. Each ban is looked at once: what follows needs numbers alone. */
function roundsOf(bans: readonly RankedBan[]): Uint32Array {
  const shelves = new Map<string, Shelf>();
  // No client's claim can be later; what nobody claims is behind all.
  const rounds = new Uint32Array(bans.length).fill(bans.length + 1);
  let at = 0;
  for (const { isOperators, claims } of bans) {
    if (isOperators) rounds[at] = operatorsRound;
    for (const { client, sequence = 0 } of newestOfEach(claims)) {
      shelfOf(shelves, client).add(sequence, at);
    }
    at += 1;
  }
  for (const shelf of shelves.values()) shelf.lowerRounds(rounds);
  return rounds;
}

function shelfOf(shelves: Map<string, Shelf>, client: string): Shelf {
  const known = shelves.get(client);
  if (known !== undefined) return known;
  const shelf = new Shelf();
  shelves.set(client, shelf);
  return shelf;
}

/** One client's claims. */
class Shelf {
  readonly #sequences: number[] = [];
  /** The place of the ban of each claim. */
  readonly #bans: number[] = [];

  add(sequence: number, ban: number): void {
    this.#sequences.push(sequence);
    this.#bans.push(ban);
  }

  /** Gives each ban the round of its claim here, the newest the first, where it has none that is better. */
  lowerRounds(rounds: Uint32Array): void {
    const ascending = Float64Array.from(this.#sequences).sort();
    /** How many of those that are alike had their turn, at the place of the first of them. */
    const passed = new Map<number, number>();
    for (const [at, sequence] of this.#sequences.entries()) {
      let place = lowerBound(ascending, sequence);
      if (ascending[place + 1] === sequence) {
        const first = place;
        place += passed.get(first) ?? 0;
        passed.set(first, place + 1 - first);
      }
      const ban = this.#bans[at] ?? 0;
      rounds[ban] = Math.min(rounds[ban] ?? 0, ascending.length - place);
    }
  }
}

/** The place of the first of ascending numbers that is not below `value`. */
function lowerBound(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
