import type { DesiredEntry, HeldEntry, Step } from './enforcer.ts';
import type { Plan } from './plan.ts';
import { tighten } from './reconcile/take-overs.ts';

export interface WorkListOptions {
  /** Steps that go before the plan's. */
  readonly first?: readonly Step[];
  /** Whether the firewall has no room for all additions before the first removal. */
  readonly isTight?: boolean;
}

/** A plan being worked off. */
export class WorkList {
  readonly #first: Step[];
  readonly #additions: DesiredEntry[];
  readonly #removals: HeldEntry[];
  /** What takes over and what is taken over, where it goes together; else only the latter. */
  readonly #late: Step[];
  readonly #isTight: boolean;

  constructor(plan: Plan, { first = [], isTight = false }: WorkListOptions = {}) {
    const { additions, removals, takeOvers } = isTight ? tighten(plan) : { ...plan, takeOvers: removalsOf(plan) };
    // Taken from the end, which is cheap: so the newest addition and the first removal stand last.
    this.#first = [...first].reverse();
    this.#additions = [...additions].reverse();
    this.#removals = [...removals].reverse();
    this.#late = [...takeOvers].reverse();
    this.#isTight = isTight;
  }

  /** Steps not yet taken. */
  get waiting(): number {
    return this.#first.length + this.#additions.length + this.#removals.length + this.#late.length;
  }

  /**
   * The next steps, at most `most` of them: additions, then removals, then late ones. When it is a removal's turn, removals go
   * first, and where room is tight the late ones behind them.
   */
  take(most: number, removalFirst: boolean): Step[] {
    const steps: Step[] = [];
    while (steps.length < most) {
      const step = this.#first.pop() ?? (removalFirst ? this.#nextRemoval() : this.#nextAddition());
      if (step === undefined) break;
      steps.push(step);
    }
    return steps;
  }

  #nextAddition(): Step | undefined {
    return this.#addition() ?? this.#removal() ?? this.#late.pop();
  }

  #nextRemoval(): Step | undefined {
    return this.#removal() ?? (this.#isTight ? this.#late.pop() : undefined) ?? this.#addition() ?? this.#late.pop();
  }

  #addition(): Step | undefined {
    const entry = this.#additions.pop();
    return entry && { verb: 'add', entry };
  }

  #removal(): Step | undefined {
    const entry = this.#removals.pop();
    return entry && { verb: 'remove', entry };
  }
}

function removalsOf({ lateRemovals }: Plan): Step[] {
  return lateRemovals.map((entry) => ({ verb: 'remove', entry }));
}
