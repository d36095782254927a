import { Bell } from '../../shared/bell.ts';
import type { Clock } from '../../shared/clock.ts';
import type { BanEvent, EventResult } from '../../shared/frames.ts';
import { limits } from '../../shared/limits.ts';
import { isTemporary } from '../../shared/refusal.ts';
import type { Intake } from '../intake.ts';
import { type Change, type Ledger, LedgerError } from '../ledger/ledger.ts';
import { escalationName, ownClient } from '../own-clients.ts';
import type { StandingBans } from '../standing-bans.ts';
import { type Consequence, EscalationRules, escalationJails, offencesKeptMax } from './escalation-rules.ts';
import type { EscalationSettings } from './escalation-settings.ts';
import { type Observation, observe } from './offence.ts';
import { readPast } from './read-past.ts';
import { WaitingConsequences } from './waiting-consequences.ts';

export interface EscalationOptions {
  /** Undefined: off. */
  readonly settings: EscalationSettings | undefined;
  readonly ledger: Pick<Ledger, 'history'>;
  readonly standing: StandingBans;
  readonly intake: Intake;
  readonly clock: Clock;
  /** History could not be read: only what happens from now on counts. */
  readonly onUnread: (error: LedgerError) => void;
  /**
   * Of what happens while history is read at least the newest so many are counted after it; beyond twice as many the oldest
   * go. Default: {@link offencesKeptMax}.
   */
  readonly meanwhileMax?: number;
}

/** What `status` says of it; the counts are since the start. */
export interface EscalationState {
  readonly offences: number;
  readonly networks: number;
  readonly neighbours: number;
  readonly isReading: boolean;
  readonly waiting: number;
  readonly banned: number;
  readonly refused: number;
  readonly dropped: number;
}

/** Consequences that wait to be recorded, with equal shares of the clients whose offences led to them; the next offence of a network brings again what was dropped. */
export const waitingMax = 10_000;
/** After a refusal that is temporary, as that of a full disk. */
const retryMs = 5_000;
/** A standing ban is prolonged only by more than this share of its time: each prolongation is written to the disk. */
const prolongShare = 0.1;

/**
 * Bans for longer what offends again and again, and the neighbourhood of many that offend. Its reports are those of a client
 * of their own, so they pass the same policy as a host's and end like them. What it counts is in history: a start, and a
 * change of the settings, reads it back.
 */
export class Escalation {
  readonly #options: EscalationOptions;
  readonly #bell = new Bell();
  readonly #waiting = new WaitingConsequences(waitingMax);
  #rules: EscalationRules | undefined;
  /** Defined while history is read: what happens meanwhile, the oldest first. */
  #meanwhile: Observation[] | undefined;
  #counts = { banned: 0, refused: 0, dropped: 0 };

  constructor(options: EscalationOptions) {
    this.#options = options;
    this.configure(options.settings);
  }

  /** Undefined: it is off. */
  get state(): EscalationState | undefined {
    if (this.#rules === undefined) return undefined;
    const isReading = this.#meanwhile !== undefined;
    return { ...this.#rules.kept, isReading, waiting: this.#waiting.size, ...this.#counts };
  }

  /** The configuration was read again: what happened so far counts by the new rules. What was banned stays. */
  configure(settings: EscalationSettings | undefined): void {
    this.#rules = settings && new EscalationRules(settings);
    this.#meanwhile = settings && [];
    this.#waiting.clear();
    this.#bell.ring();
  }

  /** Takes in what was committed; the standing bans know it already. */
  committed(changes: readonly Change[], at: number): void {
    if (this.#rules === undefined) return;
    for (const change of changes) {
      const observation = observe(change, at);
      if (observation !== undefined) this.#take(this.#rules, observation);
    }
  }

  /** Works until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.#rules !== undefined && this.#meanwhile !== undefined) await this.#readBack(this.#rules, signal);
      await this.#recordWaiting();
      await this.#bell.wait(this.#options.clock, this.#waiting.size > 0 ? retryMs : undefined, signal);
    }
  }

  #take(rules: EscalationRules, observation: Observation): void {
    if (this.#meanwhile === undefined) {
      this.#follow(observation, rules.take(observation));
      return;
    }
    const { meanwhileMax = offencesKeptMax } = this.#options;
    this.#meanwhile.push(observation);
    if (this.#meanwhile.length > 2 * meanwhileMax) this.#meanwhile.splice(0, meanwhileMax);
  }

  #follow({ kind, network }: Observation, consequences: readonly Consequence[]): void {
    if (kind === 'pardon') for (const jail of escalationJails) this.#waiting.delete(jail, network);
    for (const consequence of consequences) this.#await(consequence);
  }

  #await(consequence: Consequence): void {
    if (this.#isBannedSo(consequence)) return;
    this.#put(consequence);
    this.#bell.ring();
  }

  #put(consequence: Consequence): void {
    if (this.#waiting.put(consequence)) this.#counts.dropped += 1;
  }

  /** Whether it is over by now, or our report of it stands nearly as long. */
  #isBannedSo({ jail, network, at, forMs }: Consequence): boolean {
    const endsAt = at + forMs;
    if (endsAt <= this.#options.clock.now()) return true;
    const own = this.#options.standing
      .reportsOf(network)
      .find((report) => report.client === escalationName && report.jail === jail && !report.isLifted);
    if (own === undefined) return false;
    return own.endsAt >= endsAt || own.endsAt >= endsAt - forMs * prolongShare;
  }

  /** Replaced rules end it: what follows from history is decided by the ones that came after. */
  async #readBack(rules: EscalationRules, signal: AbortSignal): Promise<void> {
    const past = await this.#readPast(rules.longestMs, signal);
    const meanwhile = this.#meanwhile;
    if (this.#rules !== rules || meanwhile === undefined || signal.aborted) return;
    this.#meanwhile = undefined;
    const standing = new Map<string, Consequence>();
    for (const observation of [...past, ...meanwhile]) note(standing, observation, rules.take(observation));
    for (const consequence of standing.values()) this.#await(consequence);
  }

  async #readPast(longestMs: number, signal: AbortSignal): Promise<Observation[]> {
    const { ledger, standing, clock, onUnread } = this.#options;
    const past = { upTo: standing.sequence, since: clock.now() - longestMs, most: offencesKeptMax };
    // From here on what is committed is in `meanwhile`, and what was before is in history.
    this.#meanwhile = [];
    try {
      return await readPast(ledger, past, signal);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      onUnread(error);
      return [];
    }
  }

  async #recordWaiting(): Promise<void> {
    const rules = this.#rules;
    while (this.#waiting.size > 0) {
      const batch = this.#waiting.take(limits.eventsPerFrameMax);
      const { intake, clock } = this.#options;
      const now = clock.now();
      const results = await intake.takeEach(
        ownClient(escalationName),
        batch.map((each, at) => eventOf(each, at, now)),
      );
      const again = batch.filter((consequence, at) => this.#mustWait(consequence, results[at]));
      // What other rules led to is not asked for again.
      if (this.#rules !== rules) return;
      // Without the bell: they come again after the pause.
      for (const consequence of again) this.#put(consequence);
      if (again.length > 0) return;
    }
  }

  /** A final refusal is not asked for again until as many offences have come together anew. */
  #mustWait({ network, at }: Consequence, result: EventResult | undefined): boolean {
    if (result === undefined || result.outcome !== 'refused') {
      this.#counts.banned += 1;
      return false;
    }
    if (isTemporary(result.code)) return true;
    this.#counts.refused += 1;
    this.#rules?.forget(network, at);
    return false;
  }
}

/** What history leads to is decided at its end: of each network the consequence that lasts longest, unless it was pardoned. */
function note(
  consequences: Map<string, Consequence>,
  { kind, network }: Observation,
  found: readonly Consequence[],
): void {
  if (kind === 'pardon') for (const jail of escalationJails) consequences.delete(`${jail} ${network}`);
  for (const consequence of found) {
    const key = `${consequence.jail} ${consequence.network}`;
    const known = consequences.get(key);
    if (known === undefined || known.at + known.forMs <= consequence.at + consequence.forMs)
      consequences.set(key, consequence);
  }
}

function eventOf({ jail, network, at, forMs }: Consequence, number: number, now: number): BanEvent {
  const endsAt = at + forMs;
  const ttlSeconds = endsAt === Number.POSITIVE_INFINITY ? null : Math.max(1, Math.ceil((endsAt - now) / 1_000));
  return { number, verb: 'ban', jail, network, ttlSeconds, source: 'jail' };
}
