import { limits } from '../../shared/limits.ts';
import { RateLimit } from './rate-limit.ts';

/** What one client may still send. */
export interface ClientRate {
  readonly frames: RateLimit;
  readonly events: RateLimit;
}

/** The rate of each client, over all its connections and beyond them: whoever connects anew gets no new allowance. */
export class ClientRates {
  /** As many as are enrolled: only a client that logged in gets here. */
  readonly #rates = new Map<string, ClientRate>();

  /** @param nowMs of a clock that never jumps */
  of(client: string, nowMs: number): ClientRate {
    const known = this.#rates.get(client);
    if (known !== undefined) return known;
    const rate = {
      frames: new RateLimit({ perSecond: limits.framesPerSecondMax, burst: limits.framesBurstMax }, nowMs),
      events: new RateLimit({ perSecond: limits.eventsPerSecondMax, burst: limits.eventsBurstMax }, nowMs),
    };
    this.#rates.set(client, rate);
    return rate;
  }

  /** A client was revoked. */
  forget(client: string): void {
    this.#rates.delete(client);
  }
}
