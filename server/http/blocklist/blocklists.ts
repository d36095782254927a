import type { Clock } from '../../../shared/clock.ts';
import { Serial } from '../../../shared/serial.ts';
import type { EnforcementOfBans } from '../../enforcement.ts';
import type { Soon, Turns } from '../../in-turns.ts';
import type { Client } from '../../ledger/ledger.ts';
import type { Policy } from '../../policy/policy.ts';
import type { StandingBans } from '../../standing-bans.ts';
import { costOfLooking } from '../api/cost-of-looking.ts';
import type { Arguments } from '../parameter.ts';
import type { Outcome } from '../route.ts';
import { blocklistLimits } from './blocklist-limits.ts';
import { aggregate, choiceOf, choiceParameters } from './choice-parameters.ts';
import { Copies, type Copy, type Moment } from './copies.ts';
import type { Format, List } from './format.ts';
import { joinEntries, noJoining } from './join-entries.ts';
import { selectEntries } from './select-entries.ts';
import { writeList } from './write-list.ts';

export interface BlocklistParts {
  readonly standing: StandingBans;
  readonly enforcement: EnforcementOfBans;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly soon: Soon;
  /** Networks in one list; {@link blocklistLimits.entriesMax} by default. */
  readonly entriesMax?: number;
}

/** What one reader asks for. */
export interface Wish {
  readonly format: Format;
  readonly query: Arguments;
  readonly client: Client;
}

/** The list is longer than any reader takes. */
class TooLongError extends Error {}

/**
 * The standing bans as lists for readers that are no agents. Lists are made one at a time, in turns with everything else, and
 * kept for whoever may see and asks for the very same, until anything that decides their content changes.
 */
export class Blocklists {
  readonly #parts: BlocklistParts;
  readonly #turns: Turns;
  readonly #copies = new Copies();
  readonly #making = new Serial();
  /** Of lists that wait to be made: whoever asks for the same meanwhile waits for the same. */
  readonly #waiting = new Map<string, Promise<Copy>>();

  constructor(parts: BlocklistParts) {
    this.#parts = parts;
    this.#turns = { perTurn: blocklistLimits.perTurn, soon: parts.soon };
  }

  async answer(wish: Wish): Promise<Outcome> {
    try {
      const { body, tag } = await this.#copyOf(wish);
      return { answer: { status: 200, headers: { 'content-type': wish.format.contentType, etag: tag }, body } };
    } catch (error) {
      if (!(error instanceof TooLongError)) throw error;
      return { problem: { code: 'unavailable', detail: error.message } };
    }
  }

  /** In events of a client's rate: a list that is there already, or about to be made, costs nothing more. */
  costOf(wish: Wish): number {
    return this.#find(this.#keyOf(wish)) === undefined ? costOfLooking(this.#parts.standing.size) : 0;
  }

  #find(key: string): Copy | Promise<Copy> | undefined {
    return this.#copies.get(key, this.#moment()) ?? this.#waiting.get(key);
  }

  #copyOf(wish: Wish): Copy | Promise<Copy> {
    const key = this.#keyOf(wish);
    const copy = this.#find(key);
    if (copy !== undefined) return copy;
    const making = this.#making.inTurn(() => {
      // Whoever comes now must be told of what has changed since.
      this.#waiting.delete(key);
      return this.#make(key, wish);
    });
    this.#waiting.set(key, making);
    return making;
  }

  /** All that a list is asked with, and all that its reader may see: what it operates, what it follows, and its own reports. */
  #keyOf({ format, query, client }: Wish): string {
    const { name, may, follows } = client;
    const own = this.#parts.standing.countOfClient(name) > 0 ? name : null;
    const seen = may.includes('operate') ? 'all' : [may.includes('subscribe') ? follows : [], own];
    const asked = [...choiceParameters, ...format.query].map((parameter) => query.get(parameter) ?? null);
    return JSON.stringify([format.name, asked, seen]);
  }

  #moment(): Moment {
    const { standing, enforcement, clock } = this.#parts;
    const version = `${standing.sequence} ${enforcement.circumstances}`;
    return { version, now: clock.now(), nowMs: clock.elapsed() };
  }

  /** What changes while it is made is not in it; then the copy is not good for who asks later. */
  async #make(key: string, wish: Wish): Promise<Copy> {
    const moment = this.#moment();
    const list = await this.#listOf(wish, moment);
    const { format, query } = wish;
    const written = await writeList(format, list, { query, turns: this.#turns });
    const most = format.endsIn === 'seconds' ? blocklistLimits.secondsCopyMaxMs : Number.POSITIVE_INFINITY;
    const copy = {
      ...written,
      version: moment.version,
      endsAt: list.firstEnd,
      staleAtMs: moment.nowMs + most,
    };
    this.#copies.put(key, copy);
    return copy;
  }

  async #listOf({ format, query, client }: Wish, { now }: Moment): Promise<List> {
    const { standing, enforcement, policy, entriesMax = blocklistLimits.entriesMax } = this.#parts;
    const isHeldBack = enforcement.heldBack();
    if (isHeldBack === undefined)
      return { entries: [], firstEnd: Number.POSITIVE_INFINITY, isPaused: true, madeAt: now };
    const { widest } = policy.settings;
    const selection = { choice: choiceOf(query), client, now, isHeldBack, turns: this.#turns };
    const mayOverlap = standing.hasCidrs;
    const { entries, firstEnd } = await selectEntries(standing.list(), selection);
    if (entries.length > entriesMax)
      throw new TooLongError(`more than ${entriesMax} networks; jail, family or min_reports make it fewer`);
    const list = { entries, firstEnd, isPaused: false, madeAt: now };
    const isJoined = query.get(aggregate) === true;
    if (!isJoined && (format.overlaps === 'taken' || !mayOverlap)) return list;
    return { ...list, entries: await joinEntries(entries, isJoined ? widest : noJoining, this.#turns) };
  }
}
