import assert from 'node:assert/strict';
import type { DesiredEntry, Enforcer, Step } from '../../shared/enforcer.ts';
import { type Network, parseNetwork } from '../../shared/network.ts';
import { Reconciler, type ReconcilerEvent, type ReconcilerState } from '../../shared/reconciler.ts';
import type { ManualClock } from '../manual-clock.ts';
import { until } from '../until.ts';
import { ObservedEnforcer } from './observed-enforcer.ts';

export const resyncMs = 300_000;

/** A network that a test writes down. */
export function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed, `${text} is not a network`);
  return parsed;
}

/** An entry to be blocked, as newer as its order is higher. */
export function entry(text: string, order = 1): DesiredEntry {
  return { network: network(text), order, endsAt: Number.POSITIVE_INFINITY, note: 'sshd web1' };
}

/** A reconciler at work on an enforcer, with the desired entries and the time in the hands of the test. */
export class ReconcilerBench {
  readonly enforcer: ObservedEnforcer;
  readonly clock: ManualClock;
  readonly reconciler: Reconciler;
  readonly events: ReconcilerEvent[] = [];
  readonly forbidden = new Set<Network>();
  /** Called after each call that changed the firewall, before the next. */
  onApplied: (steps: readonly Step[]) => void = () => undefined;
  readonly #desired = new Map<Network, DesiredEntry>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(enforcer: Enforcer, clock: ManualClock) {
    this.enforcer = new ObservedEnforcer(enforcer);
    this.clock = clock;
    this.reconciler = new Reconciler({
      enforcer: this.enforcer,
      desired: () => this.#desired,
      mayAdd: (candidate) => !this.forbidden.has(candidate),
      clock,
      // The longest pause that the backoff allows.
      random: () => 1,
      resyncMs,
      onEvent: (event) => this.#note(event),
    });
  }

  get state(): ReconcilerState['kind'] {
    return this.reconciler.state.kind;
  }

  /** Changes what is desired without a word. */
  want(...entries: readonly DesiredEntry[]): void {
    for (const each of entries) this.#desired.set(each.network, each);
  }

  unwant(...texts: readonly string[]): void {
    for (const text of texts) this.#desired.delete(network(text));
  }

  start(): void {
    this.#running = this.reconciler.run(this.#stop.signal);
  }

  /** Waits until the reconciler stands like this and waits itself: for a change, or for the clock. */
  async reaches(kind: 'in-sync' | 'failing'): Promise<void> {
    await until(() => this.state === kind && this.clock.waiting > 0, `the reconciler is ${kind}`);
  }

  /** Announces what is desired and waits until the firewall agrees. */
  async settle(): Promise<void> {
    this.reconciler.notify();
    await this.reaches('in-sync');
  }

  /** Lets time pass and waits until the firewall agrees. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.reaches('in-sync');
  }

  eventsOf<Kind extends ReconcilerEvent['kind']>(kind: Kind): Extract<ReconcilerEvent, { kind: Kind }>[] {
    return this.events.filter((event): event is Extract<ReconcilerEvent, { kind: Kind }> => event.kind === kind);
  }

  #note(event: ReconcilerEvent): void {
    this.events.push(event);
    if (event.kind === 'applied') this.onApplied(event.steps);
  }

  /** Ends the run; rejects for a fault of the reconciler. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
