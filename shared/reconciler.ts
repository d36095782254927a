import { Backoff } from './backoff.ts';
import { Bell } from './bell.ts';
import { type Clock, sleep } from './clock.ts';
import type { DesiredEntry, Enforcer, HeldEntry, Step } from './enforcer.ts';
import { describeError, EnforcerError } from './errors.ts';
import { HeldEntries } from './held-entries.ts';
import type { Network } from './network.ts';
import { makePlan, type Plan } from './plan.ts';
import type { FirewallRoom } from './reconcile/firewall-room.ts';
import { judgeNetwork, type NetworkState } from './reconcile/judge-network.ts';
import type { RefusedNetwork } from './reconcile/refusals.ts';
import { RefusedNetworks } from './reconcile/refused-networks.ts';
import { rush } from './reconcile/rush.ts';
import { WorkList } from './work-list.ts';

/** Where a reconciler stands. */
export type ReconcilerState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'in-sync'; readonly sinceMs: number }
  | { readonly kind: 'working'; readonly waiting: number }
  | { readonly kind: 'failing'; readonly code: 'retry' | 'denied'; readonly reason: string; readonly sinceMs: number }
  | { readonly kind: 'stopped' };

interface Counts {
  readonly ours: number;
  readonly theirs: number;
}

/** What a reconciler tells its owner, for log lines and counters. */
export type ReconcilerEvent =
  | { readonly kind: 'applied'; readonly steps: readonly Step[]; readonly tookMs: number }
  | { readonly kind: 'listed'; readonly held: number; readonly drift: number }
  | { readonly kind: 'rejected'; readonly network: Network; readonly reason: string }
  | { readonly kind: 'failed'; readonly code: 'retry' | 'denied'; readonly reason: string; readonly nextTryMs: number }
  | { readonly kind: 'recovered' };

export interface ReconcilerOptions {
  readonly enforcer: Enforcer;
  /** What the firewall should hold now. Asked at most once between two calls. */
  readonly desired: () => ReadonlyMap<Network, DesiredEntry>;
  /** The policy's last word on one network before it is sent. */
  readonly mayAdd: (network: Network) => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  /** A full comparison with the firewall each so many milliseconds, whatever happens. */
  readonly resyncMs: number;
  /** Undefined: there is room for all that is desired. */
  readonly room?: FirewallRoom;
  /** As long as it is true, what was listed may not last: then lists come each {@link hastyResyncMs} at least. */
  readonly isHasty?: () => boolean;
  /** Has the last word on whose the entries are that were listed. */
  readonly judgeOwners?: (listed: readonly HeldEntry[]) => Promise<readonly HeldEntry[]>;
  readonly onEvent: (event: ReconcilerEvent) => void;
}

/** As often as Proxmox itself reads what it is to block. */
export const hastyResyncMs = 10_000;
const deniedRetryMs = 60_000;
const retryBounds = { leastMs: 1_000, mostMs: 60_000 };

/** After so many additions a waiting removal gets its turn: bans go first, but a backlog of them does not hold up an unban. */
const additionsBeforeRemoval = 3;

/** Pause after a plan, as a multiple of the time that it took: planning takes a tenth of one core at the most. */
const pauseForPlan = 9;

/**
 * Makes one firewall equal to what is desired, by comparing the two, one call at a time. Lost calls, restarts, hand edits,
 * expiry, duplicates and outages heal by the same comparison.
 *
 * ```
 *   list ──▶ plan ──▶ apply ──▶ apply … ──▶ wait for a change, or for the time of the next list
 *    ▲        ▲_________│ a change makes a new plan
 *    └───────────────── any failure, after a pause
 * ```
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #backoff: Backoff;
  readonly #refused = new RefusedNetworks();
  /** What goes before all that waits, until it is gone. */
  #rushed: Set<Network> = new Set();
  /** Steps that go one a call, after a batch of which one was rejected. */
  #stepsAlone = 0;
  /** Undefined: not known. */
  #held: HeldEntries | undefined;
  #lastCounts: Counts = { ours: 0, theirs: 0 };
  #work: WorkList | undefined;
  #state: ReconcilerState = { kind: 'starting' };
  #isPlanStale = false;
  #plannedAtMs = 0;
  #planTookMs = 0;
  #additionsInARow = 0;
  #listedAtMs = 0;
  /** Rises with each demand for a list, so that a list which was under way by then does not count. */
  #demands = 0;
  readonly #bell = new Bell();
  /** Ends the pause after a failure. */
  #hurry = new AbortController();
  readonly #passWatchers = new Set<() => void>();
  readonly #listWatchers = new Set<() => void>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#backoff = new Backoff(retryBounds, options.random);
  }

  get name(): string {
    return this.#options.enforcer.name;
  }

  get state(): ReconcilerState {
    return this.#state;
  }

  /** How many entries of each owner the firewall held when it was last known, with what was done since. */
  counts(): Counts {
    return this.#held?.counts() ?? this.#lastCounts;
  }

  /** What the firewall should block and does not, though it answers. */
  get refused(): readonly RefusedNetwork[] {
    return this.#refused.notBlocked;
  }

  /** What the firewall still blocks although it should not, though it answers. */
  get unremoved(): readonly RefusedNetwork[] {
    return this.#refused.notFreed;
  }

  /** What is desired has changed. */
  notify(): void {
    this.#isPlanStale = true;
    this.#bell.ring();
  }

  /** The operator takes these networks out: they go before all that waits. */
  hurry(networks: readonly Network[]): void {
    for (const network of networks) this.#rushed.add(network);
    this.#planTookMs = 0;
    this.notify();
  }

  /** Compares with the firewall now instead of at the next time. */
  relist(): void {
    this.#demands += 1;
    this.#forget();
    this.#backoff.reset();
    this.#hurry.abort();
    this.notify();
  }

  /**
   * Calls back once, when a pass ends: the firewall agrees with all that was desired by then, it failed, or the work was
   * stopped; `state` tells which. The returned function takes the wish back.
   */
  watchPass(then: () => void): () => void {
    this.#passWatchers.add(then);
    return () => this.#passWatchers.delete(then);
  }

  /** Calls back once, when the firewall was listed, or it failed, or the work was stopped. As {@link watchPass}. */
  watchList(then: () => void): () => void {
    this.#listWatchers.add(then);
    return () => this.#listWatchers.delete(then);
  }

  /** What the firewall does about one network, given whether it should block it. */
  enforcementOf(network: Network, isWanted: boolean): NetworkState {
    const holders = this.#held?.holdersOf(network).filter((entry) => !this.#refused.isDoubtful(entry));
    const refusal = isWanted
      ? (this.#refused.reasonOf(network) ?? this.#exceptionReason(network))
      : holders?.map((entry) => this.#refused.reasonToKeep(entry)).find((reason) => reason !== undefined);
    const isLeftOut = this.#isSettled();
    return judgeNetwork({ isWanted, holders, refusal, reconciler: this.#state, isLeftOut });
  }

  #exceptionReason(network: Network): string | undefined {
    const exception = this.#held?.exceptionOf(network);
    const place = this.#options.enforcer.shared?.name ?? 'the list';
    return exception && `the exception !${exception.spelling} of ${place} takes it out`;
  }

  /** Whether the firewall holds all that is desired, as far as is known. */
  #isSettled(): boolean {
    return this.#state.kind === 'in-sync' && !this.#isPlanStale && this.#work?.waiting === 0;
  }

  /** Works until aborted. Rejects only for a fault of ours. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#hurry.abort(), { once: true });
    while (!signal.aborted) await this.#turn(signal);
    this.#state = { kind: 'stopped' };
    this.#endPass();
    await this.#options.enforcer.close();
  }

  #forget(): void {
    this.#lastCounts = this.counts();
    this.#held = undefined;
  }

  async #turn(signal: AbortSignal): Promise<void> {
    try {
      await this.#step(signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof EnforcerError)) throw error;
      await this.#recover(error);
    }
  }

  async #step(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    if (this.#held === undefined || this.#untilListMs() <= 0) {
      await this.#list(signal);
      // Demanded again meanwhile.
      if (this.#held === undefined) return;
    }
    const steps = this.#takeSteps();
    if (steps.length > 0) return this.#apply(steps, signal);
    if (this.#isPlanStale) return this.#bell.wait(clock, this.#untilPlanMs(), signal);
    if (this.#state.kind !== 'in-sync') this.#succeeded({ kind: 'in-sync', sinceMs: clock.elapsed() });
    this.#endPass();
    return this.#bell.wait(clock, this.#untilListMs(), signal);
  }

  #untilListMs(): number {
    const { clock, resyncMs, isHasty } = this.#options;
    const periodMs = isHasty?.() === true ? Math.min(resyncMs, hastyResyncMs) : resyncMs;
    return this.#listedAtMs + periodMs - clock.elapsed();
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { enforcer, judgeOwners } = this.#options;
    const demands = this.#demands;
    const listed = await enforcer.list(signal);
    const held = new HeldEntries(judgeOwners === undefined ? listed : await judgeOwners(listed), enforcer.isTimed);
    if (demands !== this.#demands) return;
    this.#refused.noteListed(held);
    this.#held = held;
    this.#work = undefined;
    this.#listedAtMs = this.#options.clock.elapsed();
    this.#options.onEvent({ kind: 'listed', held: held.byNetwork.size, drift: this.#plannedWork().waiting });
    tellAll(this.#listWatchers);
  }

  #plannedWork(): WorkList {
    if (this.#work === undefined || (this.#isPlanStale && this.#untilPlanMs() <= 0)) this.#work = this.#planWork();
    return this.#work;
  }

  #planWork(): WorkList {
    const { clock, room } = this.#options;
    const startedAtMs = clock.elapsed();
    const { first, rest, networks } = rush(this.#plan(), this.#rushed);
    this.#rushed = new Set(networks);
    const work = new WorkList(rest, { first, isTight: room?.fits(rest.additions) === false });
    this.#isPlanStale = false;
    this.#plannedAtMs = clock.elapsed();
    this.#planTookMs = this.#plannedAtMs - startedAtMs;
    return work;
  }

  /** A plan looks at every ban, so with very many of them a change may wait for a moment. */
  #untilPlanMs(): number {
    return this.#plannedAtMs + this.#planTookMs * pauseForPlan - this.#options.clock.elapsed();
  }

  #plan(): Plan {
    const desired = this.#options.desired();
    this.#refused.notePlanned(desired);
    const plan = makePlan(desired, this.#held?.byNetwork ?? new Map(), this.#refused.notNow);
    if (this.#refused.notFreed.length === 0) return plan;
    const mayGo = (entry: HeldEntry): boolean => this.#refused.mayRemove(entry);
    return { ...plan, removals: plan.removals.filter(mayGo), lateRemovals: plan.lateRemovals.filter(mayGo) };
  }

  #takeSteps(): Step[] {
    const work = this.#plannedWork();
    const most = this.#stepsAlone > 0 ? 1 : this.#stepsAtOnce(work.waiting);
    this.#stepsAlone = Math.max(0, this.#stepsAlone - 1);
    return work.take(most, this.#additionsInARow >= additionsBeforeRemoval || this.#options.room?.isFull === true);
  }

  #stepsAtOnce(waiting: number): number {
    const { stepsPerCall, bulkFrom = Number.POSITIVE_INFINITY } = this.#options.enforcer;
    return waiting >= bulkFrom ? waiting : stepsPerCall;
  }

  async #apply(planned: readonly Step[], signal: AbortSignal): Promise<void> {
    const { clock, enforcer, mayAdd, onEvent } = this.#options;
    const steps = planned.filter((step) => step.verb === 'remove' || mayAdd(step.entry.network));
    if (steps.length === 0) return;
    if (this.#state.kind !== 'failing') this.#state = this.#working(steps.length);
    const startedAtMs = clock.elapsed();
    const hasRemoval = steps.some(({ verb }) => verb === 'remove');
    try {
      await enforcer.apply(steps, signal);
    } catch (error) {
      // The other kind is next: only removals make room in a firewall that is full.
      this.#additionsInARow = hasRemoval ? 0 : additionsBeforeRemoval;
      this.#isolate(error, steps);
    }
    for (const step of steps) {
      this.#held?.remember(step);
      this.#refused.noteDone(step);
    }
    this.#additionsInARow = hasRemoval ? 0 : this.#additionsInARow + 1;
    this.#succeeded(this.#working(0));
    onEvent({ kind: 'applied', steps, tookMs: clock.elapsed() - startedAtMs });
  }

  #working(underWay: number): ReconcilerState {
    return { kind: 'working', waiting: (this.#work?.waiting ?? 0) + underWay };
  }

  /** What is rejected is left out until the next list. Where it hides in a batch, the same steps follow one by one. */
  #isolate(error: unknown, steps: readonly Step[]): never {
    if (!(error instanceof EnforcerError && error.code === 'rejected')) throw error;
    const [step] = steps;
    if (steps.length > 1) this.#stepsAlone = steps.length;
    else if (step !== undefined) {
      const reason = describeError(error);
      this.#refused.reject(step, reason);
      this.#options.onEvent({ kind: 'rejected', network: step.entry.network, reason });
    }
    throw error;
  }

  async #recover(error: EnforcerError): Promise<void> {
    this.#work = undefined;
    if (error.code === 'rejected') return;
    this.#forget();
    const { clock, onEvent } = this.#options;
    const nextTryMs = error.code === 'denied' ? deniedRetryMs : Math.min(this.#backoff.next(), error.pauseMaxMs);
    const reason = describeError(error);
    const sinceMs = this.#state.kind === 'failing' ? this.#state.sinceMs : clock.elapsed();
    this.#state = { kind: 'failing', code: error.code, reason, sinceMs };
    this.#hurry = new AbortController();
    onEvent({ kind: 'failed', code: error.code, reason, nextTryMs });
    this.#endPass();
    await sleep(clock, nextTryMs, this.#hurry.signal);
  }

  #endPass(): void {
    tellAll(this.#passWatchers);
    tellAll(this.#listWatchers);
  }

  /** A list alone is no success: a Proxmox whose writes fail still answers lists. */
  #succeeded(state: ReconcilerState): void {
    const hasRecovered = this.#state.kind === 'failing';
    this.#backoff.reset();
    this.#state = state;
    if (hasRecovered) this.#options.onEvent({ kind: 'recovered' });
  }
}

function tellAll(watchers: Set<() => void>): void {
  const all = [...watchers];
  watchers.clear();
  for (const tell of all) tell();
}
