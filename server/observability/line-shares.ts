import type { Clock } from '../../shared/clock.ts';
import type { Log } from '../../shared/host/log.ts';
import { RateLimit } from '../policy/rate-limit.ts';

/** A line of the log. */
export interface SharedLine {
  readonly level: 'info' | 'warn';
  /** Who has it written: a client, a firewall, or whoever has not said who he is. */
  readonly by: string;
  /** What such lines are about, as it stands behind a count: `refusals of whitelisted`. */
  readonly about: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export interface LineSharesOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** Lines of each, over time and at once. */
  readonly limit: { readonly perSecond: number; readonly burst: number };
}

interface Unwritten extends Pick<SharedLine, 'level' | 'by' | 'about'> {
  count: number;
}

/** So often is told what was not written. */
export const toldEachMs = 10_000;

/** So many shares are held before those that are whole again are looked for. */
const ratesMin = 100;

/**
 * The log, with a share for each who has lines written: beyond it lines are counted, and one line tells how many there
 * were of which kind. None is left out uncounted.
 */
export class LineShares {
  readonly #options: LineSharesOptions;
  readonly #rates = new Map<string, RateLimit>();
  /** So many shares are held when those that are whole again are dropped. */
  #ratesMax = ratesMin;
  readonly #unwritten = new Map<string, Unwritten>();
  #firstAtMs = 0;
  #cancel: () => void = () => undefined;

  constructor(options: LineSharesOptions) {
    this.#options = options;
  }

  write({ level, by, about, fields, message }: SharedLine): void {
    const { log, clock } = this.#options;
    if (this.#rateOf(by).take(1, clock.elapsed())) log[level](fields, message);
    else this.#count({ level, by, about });
  }

  /** Tells now what was not written. Afterwards nothing waits for its time. */
  flush(): void {
    this.#cancel();
    const { log, clock } = this.#options;
    const seconds = Math.ceil((clock.elapsed() - this.#firstAtMs) / 1_000);
    for (const { level, by, about, count } of this.#unwritten.values()) {
      log[level](
        { by, about, more: count, seconds },
        `${by}: ${count.toLocaleString('en')} more ${about} in ${seconds} s`,
      );
    }
    this.#unwritten.clear();
  }

  #count(kind: Omit<Unwritten, 'count'>): void {
    if (this.#unwritten.size === 0) this.#begin();
    const key = `${kind.by} ${kind.about}`;
    const unwritten = this.#unwritten.get(key);
    if (unwritten === undefined) this.#unwritten.set(key, { ...kind, count: 1 });
    else unwritten.count += 1;
  }

  #begin(): void {
    const { clock } = this.#options;
    this.#firstAtMs = clock.elapsed();
    this.#cancel = clock.after(toldEachMs, () => this.flush());
  }

  #rateOf(by: string): RateLimit {
    const known = this.#rates.get(by);
    if (known !== undefined) return known;
    const nowMs = this.#options.clock.elapsed();
    if (this.#rates.size >= this.#ratesMax) this.#dropWhole(nowMs);
    const rate = new RateLimit(this.#options.limit, nowMs);
    this.#rates.set(by, rate);
    return rate;
  }

  /** A share that is whole again is as good as a new one. Doubled, so that a crowd is not looked through for each newcomer. */
  #dropWhole(nowMs: number): void {
    for (const [by, rate] of this.#rates) if (rate.isFull(nowMs)) this.#rates.delete(by);
    this.#ratesMax = Math.max(ratesMin, 2 * this.#rates.size);
  }
}
