import { setTimeout as delay } from 'node:timers/promises';
import { RawClient } from '../end-to-end/raw-client.ts';
import type { Act } from './claims.ts';

interface Place {
  readonly enrolment: string;
  readonly caFile: string;
}

/**
 * A client that sends what it does frame by frame, connects again whenever its connection ends, and sends again what was
 * not answered, as the agent does.
 */
export class EventStream {
  readonly #place: Place;
  readonly #stream = `stream-${crypto.randomUUID()}`;
  #client: RawClient | undefined;
  #last = 0;
  /** The longest that a frame waited for its answer on a connection that stood. */
  worstMs = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  /** Resolves when all of it is durable. @throws when one is refused for good, or nothing answers in a minute */
  async send(acts: readonly Act[]): Promise<void> {
    const events = acts.map((act, at) => ({
      ...{ number: this.#last + 1 + at, jail: 'sshd', source: 'jail', ...act },
      ...(act.verb === 'ban' ? { ttlSeconds: 86_400 } : {}),
    }));
    this.#last += events.length;
    const givesUpAtMs = performance.now() + 60_000;
    while (!(await this.#attempt(events, givesUpAtMs))) await delay(50);
  }

  async close(): Promise<void> {
    await this.#client?.close();
    this.#client = undefined;
  }

  /** @returns whether all are durable */
  async #attempt(events: readonly object[], givesUpAtMs: number): Promise<boolean> {
    try {
      this.#client ??= await RawClient.connect(this.#place.enrolment, this.#place.caFile);
      const sentAtMs = performance.now();
      const { results } = await this.#client.ask({ type: 'events', stream: this.#stream, events });
      this.worstMs = Math.max(this.worstMs, performance.now() - sentAtMs);
      return (results as { outcome: string; code?: string }[]).every(isDurable);
    } catch (error) {
      this.#client?.socket.terminate();
      this.#client = undefined;
      if (performance.now() > givesUpAtMs || !isEndOfConnection(error)) throw error;
      return false;
    }
  }
}

function isDurable({ outcome, code = '' }: { readonly outcome: string; readonly code?: string }): boolean {
  if (outcome === 'recorded' || outcome === 'repeated') return true;
  // To be sent again later; anything else would be no use.
  if (code === 'ledger-unavailable' || code === 'rate-limited') return false;
  throw new Error(`an event is ${outcome} ${code}`);
}

const endsOfConnection = /the connection ended|ECONNREFUSED|ECONNRESET|socket hang up|before secure TLS connection/;

function isEndOfConnection(error: unknown): boolean {
  return error instanceof Error && endsOfConnection.test(error.message);
}
