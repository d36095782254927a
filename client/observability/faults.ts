import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Log } from '../../shared/host/log.ts';

/** Something that does not work now and is tried again by itself. */
export interface Fault {
  /** What does not work, as `queue`. */
  readonly what: string;
  readonly reason: string;
  /** What follows from it, as long as it lasts. */
  readonly consequence: string;
  /** Milliseconds since the epoch. */
  readonly sinceAt: number;
}

interface Lasting extends Fault {
  /** Reasons that were logged: a fault with several is no flood either. */
  readonly said: Set<string>;
}

/** Reasons of one fault that are logged. */
const reasonsSaidMax = 10;

/** What does not work on this host now: each is logged once when it begins and once when it has ended. */
export class Faults {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lasting = new Map<string, Lasting>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** In the order in which they began. */
  get current(): readonly Fault[] {
    return Array.from(this.#lasting.values(), ({ said: _, ...fault }) => fault);
  }

  /** A try failed. */
  begin(what: string, error: unknown, consequence: string): void {
    const reason = describeError(error);
    const { said = new Set<string>(), sinceAt = this.#clock.now() } = this.#lasting.get(what) ?? {};
    this.#lasting.set(what, { what, reason, consequence, sinceAt, said });
    if (said.has(reason) || said.size >= reasonsSaidMax) return;
    said.add(reason);
    this.#log.error({ fault: what, reason }, consequence);
  }

  /** A try succeeded. */
  end(what: string): void {
    const fault = this.#lasting.get(what);
    if (fault === undefined) return;
    this.#lasting.delete(what);
    const lastedMs = Math.round(this.#clock.now() - fault.sinceAt);
    this.#log.info({ fault: what, lastedMs }, 'works again');
  }
}
