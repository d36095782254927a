import type { Bell } from '../shared/bell.ts';
import type { Clock } from '../shared/clock.ts';
import type { Log } from '../shared/host/log.ts';
import type { Connection } from './connection.ts';
import { Fail2banError } from './fail2ban-client.ts';
import { digestsFrame, jailFrames, listMaxEntries } from './jail-frames.ts';
import type { JailLook, Look } from './jails/jail-look.ts';
import { JailWatches } from './jails/jail-watches.ts';
import { LookLog } from './jails/look-log.ts';
import type { RecentEvents } from './jails/recent-events.ts';
import { type ResendOutcome, ResendRequests } from './resend-requests.ts';

export interface JailCheckOptions {
  readonly server: string;
  /** Looks at the jails that hand over to this agent. @throws Fail2banError */
  readonly reader: {
    readAll(signal: AbortSignal): Promise<Look>;
    readSome(jails: ReadonlySet<string>, signal: AbortSignal): Promise<Look>;
  };
  /** What came after a look began, the look knows nothing of. */
  readonly recent: RecentEvents;
  readonly bell: Bell;
  readonly clock: Clock;
  /** A comparison each so many milliseconds, whatever happens. */
  readonly everyMs: number;
  readonly log: Log;
}

/** Pause between a flush or stop line and the comparison: fail2ban may be about to end. */
export const hintMs = 2_000;
/** Pause before a look that failed is repeated. */
const repeatMs = 15_000;

/** `whole`: all jails, compared with the server. Otherwise only those of which networks may be gone. */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'looking' }
  | { readonly kind: 'looked'; readonly look: Look; readonly isWhole: boolean }
  | { readonly kind: 'listing'; readonly look: Look; readonly jails: readonly string[] }
  | { readonly kind: 'judging'; readonly look: Look };

/** What a courier needs of the comparison of this host's jails with one server's reports. */
export interface JailComparison {
  /** Milliseconds until something is due; undefined: nothing ever is. */
  readonly delayMs: number | undefined;
  /** A connection stands until `ended`: the jails are compared now. */
  begin(ended: AbortSignal): void;
  /** A jail's list changed without events. */
  soon(): void;
  /** Does the next thing, with no event waiting to be sent. @returns whether there was one. @throws UplinkError */
  step(connection: Connection): Promise<boolean>;
  /** Sends this jail's list at the next occasion, whether it differs or not. */
  resend(jail: string): Promise<ResendOutcome>;
}

type Listing = Extract<State, { readonly kind: 'listing' }>;

/**
 * Compares the jails of this host with one server's reports, which makes good what fail2ban never announces.
 *
 * ```
 *   idle ─due─▶ looking ─▶ looked ─whole: digests─▶ listing ─▶ judging ─▶ idle
 *                             └────────── of some jails ──────────▲
 * ```
 *
 * A list adds. What the server holds beyond it is watched, look by look and network by network, and withdrawn by name when
 * there is evidence that it is gone. Looks are taken beside the courier's work.
 */
export class JailCheck implements JailComparison {
  readonly #options: JailCheckOptions;
  readonly #requests = new ResendRequests();
  readonly #watches: JailWatches;
  readonly #lookLog: LookLog;
  #state: State = { kind: 'idle' };
  #wholeAtMs = Number.POSITIVE_INFINITY;
  #signal: AbortSignal = AbortSignal.abort();
  /** A list changed since the look that is under way began. */
  #isChanged = false;

  constructor(options: JailCheckOptions) {
    this.#options = options;
    this.#watches = new JailWatches(options.recent);
    this.#lookLog = new LookLog(options);
  }

  begin(ended: AbortSignal): void {
    this.#signal = ended;
    this.#idle(0);
  }

  soon(): void {
    this.#isChanged = true;
    if (this.#state.kind === 'idle') this.#idle(this.#wholeInMs);
  }

  resend(jail: string): Promise<ResendOutcome> {
    const outcome = this.#requests.add(jail, this.#options.clock.elapsed());
    if (this.#state.kind === 'idle') this.#idle(0);
    return outcome;
  }

  /** While fail2ban is being asked the bell tells. */
  get delayMs(): number {
    if (this.#state.kind !== 'idle') return repeatMs;
    return Math.max(0, Math.min(this.#wholeInMs, this.#watches.lookAtMs - this.#options.clock.elapsed()));
  }

  async step(connection: Connection): Promise<boolean> {
    const state = this.#state;
    switch (state.kind) {
      case 'looking':
        return false;
      case 'idle':
        if (this.delayMs === 0) void this.#look(this.#wholeInMs <= 0, this.#signal);
        return false;
      case 'looked':
        if (state.isWhole) await this.#compare(connection, state.look);
        else this.#enter({ kind: 'judging', look: state.look });
        return true;
      case 'listing':
        await this.#list(connection, state);
        return true;
      case 'judging':
        await this.#withdraw(connection, state.look);
        return true;
    }
  }

  get #wholeInMs(): number {
    return this.#wholeAtMs - this.#options.clock.elapsed();
  }

  /** Takes a look, unless fail2ban does not answer or the connection has ended meanwhile. */
  async #look(isWhole: boolean, signal: AbortSignal): Promise<void> {
    const { reader, clock, log } = this.#options;
    this.#state = { kind: 'looking' };
    try {
      const look = isWhole ? await reader.readAll(signal) : await reader.readSome(this.#watches.jails, signal);
      if (signal.aborted) return;
      this.#watches.see(look, clock.now());
      this.#enter({ kind: 'looked', look, isWhole });
    } catch (error) {
      if (!(error instanceof Fail2banError)) throw error;
      this.#watches.breakOff();
      if (signal.aborted) return;
      log.debug({ reason: error.message }, 'fail2ban gives no lists');
      this.#requests.refuse(error.message);
      this.#idle(repeatMs);
    }
  }

  async #compare(connection: Connection, look: Look): Promise<void> {
    this.#requests.refuseUnknown([...look.jails.keys()], look.beganMs);
    this.#watches.forgetGone(look);
    this.#lookLog.note(look);
    const differing = new Set((await connection.sendDigests(digestsFrame(look))).jails);
    for (const jail of look.jails.keys()) if (!differing.has(jail)) this.#watches.name(look, jail, []);
    const wanted = new Set(this.#requests.jailsFor(look.beganMs));
    const jails = [...look.jails.keys()].filter((jail) => differing.has(jail) || wanted.has(jail));
    this.#enter({ kind: 'listing', look, jails });
  }

  /** One list at a time, so that an event that comes meanwhile goes before the next list. */
  async #list(connection: Connection, { look, jails }: Listing): Promise<void> {
    const [jail, ...rest] = jails;
    const found = jail === undefined ? undefined : look.jails.get(jail);
    if (jail === undefined || found === undefined) return this.#enter({ kind: 'judging', look });
    this.#state = { kind: 'listing', look, jails: rest };
    if (found.list.size > listMaxEntries) return this.#refuseLong(jail, found, look.beganMs);
    const { clock, recent, log, server } = this.#options;
    const isKnown = (network: Parameters<RecentEvents['eventAt']>[1]): boolean =>
      recent.eventAt(jail, network) < look.beganMs;
    const frame = await connection.sendJail(jailFrames(jail, found, { nowMs: clock.now(), isKnown }));
    const { unlisted, ...settled } = frame;
    log.info({ server, ...settled, unlisted: unlisted.length }, 'list settled');
    this.#watches.name(look, jail, unlisted);
    this.#requests.tell(jail, { kind: 'settled', frame }, look.beganMs);
  }

  #refuseLong(jail: string, { list }: JailLook, lookBeganMs: number): void {
    const { log, server } = this.#options;
    log.error({ server, jail, entries: list.size, most: listMaxEntries }, 'a list too long to be sent');
    const reason = `${list.size} entries, the most are ${listMaxEntries}`;
    this.#requests.tell(jail, { kind: 'not-listed', reason }, lookBeganMs);
  }

  /** Withdraws what is gone, a jail at a time. */
  async #withdraw(connection: Connection, look: Look): Promise<void> {
    const { clock, log, server } = this.#options;
    const gone = this.#watches.nextGone(look, clock.now());
    if (gone === undefined) {
      this.#watches.planLook(look, clock.now());
      return this.#idle(this.#wholeInMs > 0 ? this.#wholeInMs : this.#options.everyMs);
    }
    const { jail, seconds, networks, isMore } = gone;
    const { count } = await connection.sendMissing({ type: 'missing', jail, seconds, networks });
    log.info(
      { server, jail, networks: networks.length, withdrawn: count, missingForSeconds: seconds },
      'no longer held',
    );
    this.#watches.forget(jail, networks);
    // The server may hold more that the list did not name than one answer takes.
    if (isMore) this.#isChanged = true;
  }

  #idle(delayMs: number): void {
    const isHurried = this.#isChanged || !this.#requests.isEmpty;
    const dueInMs = isHurried ? Math.min(delayMs, hintMs) : delayMs;
    this.#isChanged = false;
    this.#wholeAtMs = this.#options.clock.elapsed() + dueInMs;
    this.#enter({ kind: 'idle' });
  }

  #enter(state: State): void {
    this.#state = state;
    this.#options.bell.ring();
  }
}
