import type { ProblemCode } from './http/problem.ts';

/** How often each thing happened since the start. The names are few and fixed, so the map cannot grow. */
export type CounterName =
  | 'recorded'
  | 'repeated'
  | ProblemCode
  | 'turned-away'
  | 'withdrawn'
  | 'held-back'
  | 'enforced'
  | 'enforcer-failed';

export class Counters {
  readonly #counts = new Map<CounterName, number>();

  add(name: CounterName, by = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
  }

  toObject(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
