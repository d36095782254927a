import type { Network } from '../shared/network.ts';
import type { ReceivedCode } from '../shared/refusal.ts';

/** An event that a server will never take. */
export interface RefusedEvent {
  readonly server: string;
  readonly jail: string;
  readonly network: Network;
  readonly verb: string;
  readonly code: ReceivedCode;
  readonly detail: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** How many refused events are remembered. */
export const refusalsMax = 100;

/** How many codes are counted each for itself: a newer server may have codes that are not known here, but not at will. */
export const codesMax = 50;

/** Counts final refusals by code and remembers the last ones, for `status`. */
export class Refusals {
  readonly #counts = new Map<string, number>();
  #last: readonly RefusedEvent[] = [];

  note(refused: RefusedEvent): void {
    const isCounted = this.#counts.has(refused.code) || this.#counts.size < codesMax;
    const code = isCounted ? refused.code : 'others';
    this.#counts.set(code, (this.#counts.get(code) ?? 0) + 1);
    this.#last = [...this.#last.slice(1 - refusalsMax), refused];
  }

  /** How many of each code since the agent's start. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** The last ones, oldest first. */
  get last(): readonly RefusedEvent[] {
    return this.#last;
  }
}
