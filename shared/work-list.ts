import type { DesiredEntry, HeldEntry, Step } from './enforcer.ts';
import type { Plan } from './plan.ts';

/** A plan being worked off. */
export class WorkList {
  readonly #first: Step[];
  readonly #additions: DesiredEntry[];
  readonly #removals: HeldEntry[];
  readonly #lateRemovals: HeldEntry[];

  /** @param first steps that go before the plan's */
  constructor(plan: Plan, first: readonly Step[] = []) {
    // Taken from the end, which is cheap: so the newest addition and the first removal stand last.
    this.#first = [...first].reverse();
    this.#additions = [...plan.additions].reverse();
    this.#removals = [...plan.removals].reverse();
    this.#lateRemovals = [...plan.lateRemovals].reverse();
  }

  /** Steps not yet taken. */
  get waiting(): number {
    return this.#first.length + this.#additions.length + this.#removals.length + this.#lateRemovals.length;
  }

  /** The next steps, at most `most` of them: additions, then removals, unless it is a removal's turn. */
  take(most: number, removalFirst: boolean): Step[] {
    const steps: Step[] = [];
    const [first, second] = removalFirst
      ? ([this.#removal, this.#addition] as const)
      : ([this.#addition, this.#removal] as const);
    while (steps.length < most) {
      const step = this.#first.pop() ?? first() ?? second() ?? this.#lateRemoval();
      if (step === undefined) break;
      steps.push(step);
    }
    return steps;
  }

  readonly #addition = (): Step | undefined => {
    const entry = this.#additions.pop();
    return entry && { verb: 'add', entry };
  };

  readonly #removal = (): Step | undefined => {
    const entry = this.#removals.pop();
    return entry && { verb: 'remove', entry };
  };

  readonly #lateRemoval = (): Step | undefined => {
    const entry = this.#lateRemovals.pop();
    return entry && { verb: 'remove', entry };
  };
}
