import type { Bell } from '../shared/bell.ts';
import { type Clock, sleep } from '../shared/clock.ts';
import type { Log } from '../shared/host/log.ts';
import { limits } from '../shared/limits.ts';
import type { Connection } from './connection.ts';
import { Fail2banError } from './fail2ban-client.ts';
import { digestsFrame, holdSame, jailFrames, listMaxEntries } from './jail-frames.ts';
import type { JailList } from './jails.ts';
import { type ResendOutcome, ResendRequests } from './resend-requests.ts';

export interface JailCheckOptions {
  readonly server: string;
  /** The jails that hand over to this agent. @throws Fail2banError */
  readonly readJails: (signal: AbortSignal) => Promise<ReadonlyMap<string, JailList>>;
  /** Numbers of the last event of all, and of one jail: what came after a list was taken makes the list void. */
  readonly events: { readonly lastNumber: number; lastNumberIn(jail: string): number };
  readonly bell: Bell;
  readonly clock: Clock;
  /** A check each so many milliseconds, whatever happens. */
  readonly everyMs: number;
  readonly log: Log;
}

/**
 * Lists are confirmed by a second one after so long, because a jail that starts or stops shows a list that is not whole.
 * Also the pause between a flush or stop line and the check: fail2ban may be about to end.
 */
export const confirmMs = 2_000;
/** For an empty list: a jail that stops shows none while its other actions take back thousands of bans one by one. */
export const confirmEmptyMs = 10_000;
/** Pause before a void or failed check is made again. */
const repeatMs = 15_000;

interface Reading {
  /** The number of the last event when the reading began. */
  readonly asOf: number;
  readonly lists: ReadonlyMap<string, JailList>;
}

type State =
  | { readonly kind: 'idle'; readonly dueMs: number }
  | { readonly kind: 'reading' }
  | { readonly kind: 'read'; readonly reading: Reading }
  | { readonly kind: 'confirming' }
  | {
      readonly kind: 'confirmed';
      readonly reading: Reading;
      readonly jails: readonly string[];
      readonly nextMs: number;
    };

type ConfirmedState = Extract<State, { readonly kind: 'confirmed' }>;

/**
 * Compares the jails of this host with one server's reports, which makes good what fail2ban never announces.
 *
 * ```
 *   idle ─due─▶ reading ─▶ read ─digests─▶ confirming ─▶ confirmed ─lists─▶ idle
 *                            └─ nothing differs ─▶ idle
 * ```
 *
 * Lists are read beside the courier's work. A list that is older than an event of its jail is never sent, and a fail2ban
 * that does not answer is no list at all.
 */
export class JailCheck {
  readonly #options: JailCheckOptions;
  readonly #requests = new ResendRequests();
  #state: State = { kind: 'idle', dueMs: Number.POSITIVE_INFINITY };
  #signal: AbortSignal = AbortSignal.abort();
  /** A list changed since the check that is under way began. */
  #isChanged = false;
  /** That there are too many jails is said once. */
  #isOmissionSaid = false;

  constructor(options: JailCheckOptions) {
    this.#options = options;
  }

  /** A connection stands until `ended`: the jails are compared now. */
  begin(ended: AbortSignal): void {
    this.#signal = ended;
    this.#idle(0);
  }

  /** A jail's list changed without events. */
  soon(): void {
    this.#isChanged = true;
    if (this.#state.kind === 'idle') this.#idle(this.delayMs);
  }

  /** Sends this jail's list at the next occasion, whether it differs or not. */
  resend(jail: string): Promise<ResendOutcome> {
    if (this.#state.kind === 'idle') this.#idle(0);
    return this.#requests.add(jail);
  }

  /** Milliseconds until something is due; while lists are being read the bell tells. */
  get delayMs(): number {
    return this.#state.kind === 'idle' ? Math.max(0, this.#state.dueMs - this.#options.clock.elapsed()) : repeatMs;
  }

  /** Does the next thing, with no event waiting to be sent. @returns whether there was one. @throws UplinkError */
  async step(connection: Connection): Promise<boolean> {
    const state = this.#state;
    switch (state.kind) {
      case 'reading':
      case 'confirming':
        return false;
      case 'idle':
        if (this.delayMs === 0) void this.#read(this.#signal);
        return false;
      case 'read':
        await this.#compare(connection, state.reading);
        return true;
      case 'confirmed':
        await this.#send(connection, state);
        return true;
    }
  }

  async #read(signal: AbortSignal): Promise<void> {
    this.#state = { kind: 'reading' };
    const asOf = this.#options.events.lastNumber;
    const lists = await this.#list(signal);
    if (lists !== undefined) this.#enter({ kind: 'read', reading: { asOf, lists } });
  }

  async #compare(connection: Connection, reading: Reading): Promise<void> {
    this.#requests.refuseUnknown([...reading.lists.keys()]);
    this.#sayOmission(reading);
    const { jails } = await connection.sendDigests(digestsFrame(reading.lists));
    const differing = [...new Set([...jails, ...this.#requests.jails])].filter((jail) => reading.lists.has(jail));
    if (differing.length === 0) return this.#idle(this.#options.everyMs);
    void this.#confirm(reading, differing, this.#signal);
  }

  #sayOmission({ lists }: Reading): void {
    if (lists.size <= limits.jailsPerFrameMax || this.#isOmissionSaid) return;
    this.#isOmissionSaid = true;
    const { log, server } = this.#options;
    log.warn(
      { server, jails: lists.size, most: limits.jailsPerFrameMax, first: [...lists.keys()][limits.jailsPerFrameMax] },
      'too many jails: from this one on, they are not compared with the server',
    );
  }

  async #confirm(reading: Reading, jails: readonly string[], signal: AbortSignal): Promise<void> {
    this.#state = { kind: 'confirming' };
    const isAnyEmpty = jails.some((jail) => reading.lists.get(jail)?.size === 0);
    await sleep(this.#options.clock, isAnyEmpty ? confirmEmptyMs : confirmMs, signal);
    const lists = await this.#list(signal);
    if (lists === undefined) return;
    const steady = jails.filter((jail) => holdSame(reading.lists.get(jail), lists.get(jail)));
    const nextMs = steady.length < jails.length ? repeatMs : this.#options.everyMs;
    this.#enter({ kind: 'confirmed', reading, jails: steady, nextMs });
  }

  /** One list at a time, so that an event that comes meanwhile goes before the next list. */
  async #send(connection: Connection, { reading, jails, nextMs }: ConfirmedState): Promise<void> {
    const { clock, log, server } = this.#options;
    const [jail, ...rest] = jails;
    if (jail === undefined) return this.#idle(nextMs);
    const list = reading.lists.get(jail);
    const isVoid = list === undefined || this.#options.events.lastNumberIn(jail) > reading.asOf;
    this.#state = { kind: 'confirmed', reading, jails: rest, nextMs: isVoid ? repeatMs : nextMs };
    if (isVoid) return;
    if (list.size > listMaxEntries) {
      log.error({ server, jail, entries: list.size, most: listMaxEntries }, 'a list too long to be sent');
      return this.#requests.tell(jail, {
        kind: 'not-listed',
        reason: `${list.size} entries, the most are ${listMaxEntries}`,
      });
    }
    const frame = await connection.sendJail(jailFrames(jail, list, clock.now()));
    log.info({ server, ...frame }, 'list settled');
    this.#requests.tell(jail, { kind: 'settled', frame });
  }

  /** Undefined when fail2ban does not answer, or the connection has ended meanwhile. */
  async #list(signal: AbortSignal): Promise<ReadonlyMap<string, JailList> | undefined> {
    try {
      const lists = await this.#options.readJails(signal);
      return signal.aborted ? undefined : lists;
    } catch (error) {
      if (!(error instanceof Fail2banError)) throw error;
      if (signal.aborted) return undefined;
      this.#options.log.debug({ reason: error.message }, 'fail2ban gives no lists');
      this.#requests.refuse(error.message);
      this.#idle(repeatMs);
      return undefined;
    }
  }

  #idle(delayMs: number): void {
    const isHurried = this.#isChanged || this.#requests.jails.length > 0;
    const dueInMs = isHurried ? Math.min(delayMs, confirmMs) : delayMs;
    this.#isChanged = false;
    this.#enter({ kind: 'idle', dueMs: this.#options.clock.elapsed() + dueInMs });
  }

  #enter(state: State): void {
    this.#state = state;
    this.#options.bell.ring();
  }
}
