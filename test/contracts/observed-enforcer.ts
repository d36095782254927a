import type { Enforcer, HeldEntry, Step } from '../../shared/enforcer.ts';
import type { EnforcerError } from '../../shared/errors.ts';

/** A failure of one call. `after`: the firewall has done it all the same, as with Proxmox's 596. */
export interface PlannedFailure {
  readonly call: 'list' | 'apply';
  readonly when: 'before' | 'after';
  readonly error: EnforcerError;
}

/** A real enforcer with its calls written down, and made to fail or to wait where a test asks for it. */
export class ObservedEnforcer implements Enforcer {
  readonly #enforcer: Enforcer;
  readonly #failures: PlannedFailure[] = [];
  readonly #refused = new Map<string, EnforcerError>();
  #gate: Promise<void> | undefined;
  /** One item a call: `list`, or the steps as `+192.0.2.1 -192.0.2.2`. */
  readonly calls: string[] = [];

  constructor(enforcer: Enforcer) {
    this.#enforcer = enforcer;
  }

  get name(): string {
    return this.#enforcer.name;
  }

  get stepsPerCall(): number {
    return this.#enforcer.stepsPerCall;
  }

  get bulkFrom(): number {
    return this.#enforcer.bulkFrom ?? Number.POSITIVE_INFINITY;
  }

  get isTimed(): boolean {
    return this.#enforcer.isTimed === true;
  }

  /** Calls of `apply`. */
  get applies(): readonly string[] {
    return this.calls.filter((call) => call !== 'list');
  }

  get lists(): number {
    return this.calls.length - this.applies.length;
  }

  /** The next call of this kind fails. */
  failNext(...failures: readonly PlannedFailure[]): void {
    this.#failures.push(...failures);
  }

  /** Every call with this step (as `+192.0.2.1`) fails before anything is done. */
  refuse(step: string, error: EnforcerError): void {
    this.#refused.set(step, error);
  }

  /** Holds up all calls of `apply` until the returned function is called. They are written down when they begin. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#gate = new Promise((resolve) => {
      release = resolve;
    });
    return () => {
      this.#gate = undefined;
      release();
    };
  }

  async list(signal: AbortSignal): Promise<readonly HeldEntry[]> {
    this.calls.push('list');
    return await this.#withFailure('list', () => this.#enforcer.list(signal));
  }

  async apply(steps: readonly Step[], signal: AbortSignal): Promise<void> {
    const words = steps.map(({ verb, entry }) => (verb === 'add' ? `+${entry.network}` : `-${entry.network}`));
    this.calls.push(words.join(' '));
    await this.#gate;
    for (const word of words) {
      const refusal = this.#refused.get(word);
      if (refusal !== undefined) throw refusal;
    }
    await this.#withFailure('apply', () => this.#enforcer.apply(steps, signal));
  }

  async close(): Promise<void> {
    await this.#enforcer.close();
  }

  async #withFailure<Result>(call: 'list' | 'apply', carryOut: () => Promise<Result>): Promise<Result> {
    const at = this.#failures.findIndex((failure) => failure.call === call);
    const [failure] = at < 0 ? [] : this.#failures.splice(at, 1);
    if (failure?.when === 'before') throw failure.error;
    const result = await carryOut();
    if (failure !== undefined) throw failure.error;
    return result;
  }
}
