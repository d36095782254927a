import { Backoff } from '../shared/backoff.ts';
import type { Bell } from '../shared/bell.ts';
import { type Clock, sleep } from '../shared/clock.ts';
import { describeError } from '../shared/errors.ts';
import type { Log } from '../shared/host/log.ts';
import { limits } from '../shared/limits.ts';
import type { ReceivedCode, Refusal } from '../shared/refusal.ts';
import type { Connection } from './connection.ts';
import type { JailComparison } from './jail-check.ts';
import type { Faults } from './observability/faults.ts';
import type { Outbox } from './outbox.ts';
import type { NumberedEvent } from './outbox-event.ts';
import type { Refusals } from './refusals.ts';
import { type Settlement, settleResults } from './settle-results.ts';
import { toBanEvent } from './to-ban-event.ts';
import { UplinkError, type UplinkErrorCode } from './uplink-error.ts';

/** Where the agent stands with one server. */
export type CourierState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected'; readonly sinceAt: number; readonly connection: Connection }
  | { readonly kind: 'waiting'; readonly code: UplinkErrorCode; readonly reason: string; readonly nextTryAt: number }
  | { readonly kind: 'stopped' };

/** Why a server takes nothing for now. */
export interface Postponement extends Refusal {
  /** When it refused first, without having taken everything since; milliseconds since the epoch. */
  readonly sinceAt: number;
}

/** Who wants to know of others' bans from a server. */
export interface FeedWish {
  /** Called for each connection that may subscribe. */
  readonly begin: (connection: Connection) => void;
  /** Called for each connection that may not. */
  readonly denied: () => void;
}

export interface CourierOptions {
  /** The name of the `[server NAME]` section. */
  readonly server: string;
  readonly outbox: Outbox;
  /** Rung when the lane has something new, and when the check of the jails has. */
  readonly bell: Bell;
  readonly connect: (signal: AbortSignal) => Promise<Connection>;
  readonly jailCheck: JailComparison;
  /** What this host wants to know of others' bans; undefined: nothing. */
  readonly feed: FeedWish | undefined;
  readonly refusals: Refusals;
  readonly faults: Faults;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** Short enough that a host is back soon after its server, with a pause that a thousand hosts do not share. */
const reconnectBounds = { leastMs: 1_000, mostMs: 15_000 };
/** Where a server that refuses for now names no pause. */
const retryAfterMs = 1_000;

/**
 * Carries one lane's events to its server, at that server's pace: connects, sends one frame at a time, settles what was
 * answered, and has the jails compared whenever nothing else waits.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #backoff: Backoff;
  #state: CourierState = { kind: 'connecting' };
  #lastError: { readonly at: number; readonly reason: string } | undefined;
  /** Outlives the connection: a new one alone does not make room at the server. */
  #postponement: Postponement | undefined;
  /** By the clock's `elapsed`: the server asked not to be sent events before. */
  #pausedUntilMs = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.#backoff = new Backoff(reconnectBounds, options.random);
  }

  get server(): string {
    return this.#options.server;
  }

  get state(): CourierState {
    return this.#state;
  }

  /** Why the last connection failed or ended. */
  get lastError(): { readonly at: number; readonly reason: string } | undefined {
    return this.#lastError;
  }

  /** Why the server took nothing when it was asked last, though it was connected. */
  get postponement(): Postponement | undefined {
    return this.#postponement;
  }

  /** Runs until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#state = { kind: 'connecting' };
        await this.#serve(await this.#options.connect(signal));
      } catch (error) {
        if (!(error instanceof UplinkError)) throw error;
        if (!signal.aborted) await this.#pauseAfter(error, signal);
      }
    }
    this.#state = { kind: 'stopped' };
  }

  async #serve(connection: Connection): Promise<void> {
    const { clock, jailCheck, log, server } = this.#options;
    this.#state = { kind: 'connected', sinceAt: clock.now(), connection };
    this.#pausedUntilMs = 0;
    log.info({ server, as: connection.welcome.server }, 'connected');
    // Stopping ends the connection too. (AbortSignal.any would keep a little memory for each connection.)
    const { ended } = connection;
    connection.onUnknown((type) => log.debug({ server, type }, 'left alone: a frame of a newer version'));
    jailCheck.begin(ended);
    this.#subscribe(connection);
    const startedMs = clock.elapsed();
    while (!ended.aborted) await this.#turn(connection, ended);
    // A server that accepts and closes at once must not be tried each second.
    if (clock.elapsed() - startedMs > reconnectBounds.mostMs) this.#backoff.reset();
    throw ended.reason;
  }

  #subscribe(connection: Connection): void {
    const { feed, log, server } = this.#options;
    if (feed === undefined) return;
    if (connection.welcome.may.includes('subscribe')) {
      feed.begin(connection);
      return;
    }
    feed.denied();
    log.warn({ server }, 'this host may not subscribe: on the server, client set NAME --may ban,unban,subscribe');
  }

  async #turn(connection: Connection, ended: AbortSignal): Promise<void> {
    const { outbox, server, bell, clock, jailCheck } = this.#options;
    const pauseMs = this.#pausedUntilMs - clock.elapsed();
    if (pauseMs > 0) return bell.wait(clock, pauseMs, ended);
    const events = outbox.lane(server).first(limits.eventsPerFrameMax);
    const [first] = events;
    if (first !== undefined) return this.#send(connection, first.stream, events);
    if (await jailCheck.step(connection)) return;
    await bell.wait(clock, jailCheck.delayMs, ended);
  }

  /** 500 events of the longest names take 120 kB, less than a frame may have. */
  async #send(connection: Connection, stream: string, events: readonly NumberedEvent[]): Promise<void> {
    const { clock, log, server } = this.#options;
    const startedMs = clock.elapsed();
    const nowMs = clock.now();
    const results = await connection.sendEvents({
      type: 'events',
      stream,
      events: events.map((event) => toBanEvent(event, nowMs)),
    });
    const settlement = this.#believe(connection, () => settleResults(events, results.results));
    this.#backoff.reset();
    await this.#settle(settlement);
    log.debug({ server, events: events.length, tookMs: Math.round(clock.elapsed() - startedMs) }, 'answered');
    const waiting = settlement.again.length + settlement.renumber.length;
    this.#notePostponement(settlement.postponement);
    if (waiting > 0) this.#pause(waiting, results.retryAfterMs ?? retryAfterMs);
  }

  async #settle({ final, renumber }: Settlement): Promise<void> {
    const { outbox, server, faults } = this.#options;
    const lane = outbox.lane(server);
    for (const { event, result } of final) {
      lane.settle(event, result);
      if (result.outcome === 'refused') this.#noteRefusal(event, result);
    }
    const stale = renumber.filter((event) => lane.holds(event));
    if (stale.length > 0) await outbox.accept(stale.map(({ number: _, stream: __, ...event }) => event));
    try {
      await outbox.acknowledge(server);
      faults.end(`cursor of ${server}`);
    } catch (error) {
      // Costs nothing but sending again after a restart, and the next answer writes it anew.
      faults.begin(`cursor of ${server}`, error, 'what was acknowledged is not noted: sent again after a restart');
    }
  }

  #noteRefusal(event: NumberedEvent, { code, detail }: { readonly code: ReceivedCode; readonly detail: string }): void {
    const { refusals, clock, log, server } = this.#options;
    const { verb, jail, network } = event;
    refusals.note({ server, verb, jail, network, code, detail, at: clock.now() });
    log.warn({ server, verb, jail, network, code, detail }, 'refused');
  }

  #notePostponement(refusal: Refusal | undefined): void {
    const sinceAt = this.#postponement?.sinceAt ?? this.#options.clock.now();
    this.#postponement = refusal === undefined ? undefined : { ...refusal, sinceAt };
  }

  #pause(events: number, pauseMs: number): void {
    const { clock, log, server } = this.#options;
    this.#pausedUntilMs = clock.elapsed() + pauseMs;
    log.warn({ server, events, pauseMs }, 'refused for now, kept');
  }

  #believe<T>(connection: Connection, check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (error instanceof UplinkError) connection.close(error);
      throw error;
    }
  }

  async #pauseAfter(error: UplinkError, signal: AbortSignal): Promise<void> {
    const { clock, log, server } = this.#options;
    const pauseMs = this.#backoff.next();
    const reason = describeError(error);
    this.#lastError = { at: clock.now(), reason };
    this.#state = { kind: 'waiting', code: error.code, reason, nextTryAt: clock.now() + pauseMs };
    log.warn({ server, code: error.code, reason, nextTryMs: Math.round(pauseMs) }, 'not connected');
    await sleep(clock, pauseMs, signal);
  }
}
