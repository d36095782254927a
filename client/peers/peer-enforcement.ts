import { type Clock, sleep } from '../../shared/clock.ts';
import type { Enforcer } from '../../shared/enforcer.ts';
import type { HostEnforcer } from '../../shared/frames.ts';
import { limits } from '../../shared/limits.ts';
import type { Network } from '../../shared/network.ts';
import { Reconciler, type ReconcilerEvent } from '../../shared/reconciler.ts';
import { Claims } from './claims.ts';
import { describeEnforced, type Enforced } from './describe-enforced.ts';
import { observeLists } from './observe-lists.ts';
import type { PeerReport, PeerReports } from './peer-reports.ts';
import type { Subscription, Target } from './subscription.ts';

export interface PeerEnforcementOptions {
  readonly subscriptions: readonly Subscription[];
  /** What each server tells, by the name of its section. */
  readonly peers: ReadonlyMap<string, PeerReports>;
  readonly openEnforcer: (target: Target, describe: (network: Network) => PeerReport | undefined) => Enforcer;
  /** Whether this host may block a network at all, whatever a server says. */
  readonly mayBlock: (network: Network) => boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onEvent: (enforcer: string, event: ReconcilerEvent) => void;
}

/** A firewall is compared as a whole each so many milliseconds. */
const resyncMs = 300_000;
const endedCheckMs = 1_000;
/** A clock that is further off than this from one second to the next was set; less is drift, or a long second. */
const clockSetMs = 2_000;
const trialLookMs = 10;
/** How one firewall did in a trial; null: not in time. */
export interface Trialled {
  readonly enforcer: string;
  readonly blockedMs: number | null;
  readonly freedMs: number | null;
}

/**
 * Blocks on this host what others report: a reconciler for each firewall that a subscription names. After a start nothing
 * is taken off a firewall before every server has told what stands, however long one cannot be reached.
 */
export class PeerEnforcement {
  readonly #options: PeerEnforcementOptions;
  readonly #enforced: readonly Enforced[];
  /** Blocked for a trial. */
  #onTrial: Network | undefined;

  constructor(options: PeerEnforcementOptions) {
    this.#options = options;
    this.#enforced = [...groupByTarget(options.subscriptions).values()].map((group) => this.#enforce(group));
  }

  get reconcilers(): readonly Reconciler[] {
    return this.#enforced.map(({ reconciler }) => reconciler);
  }

  /** How each firewall stands, for the operator. */
  summary(): HostEnforcer[] {
    return this.#enforced.slice(0, limits.enforcersMax).map(describeEnforced);
  }

  /** Blocks a network as if another host had reported it, and frees it again: what each firewall needs for both. */
  async trial(network: Network, stepMaxMs: number, signal: AbortSignal): Promise<Trialled[]> {
    const blocked = await this.#await(network, true, { stepMaxMs, signal });
    const freed = await this.#await(network, false, { stepMaxMs, signal });
    return this.reconcilers.map(({ name }) => ({
      enforcer: name,
      blockedMs: blocked.get(name) ?? null,
      freedMs: freed.get(name) ?? null,
    }));
  }

  /** A server told something, or this host may block other networks than before. */
  notify(): void {
    for (const reconciler of this.reconcilers) reconciler.notify();
  }

  /** Works until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.reconcilers.length === 0) return untilAborted(signal);
    const stopEnding = this.#endInTime();
    await Promise.all(this.reconcilers.map((reconciler) => reconciler.run(signal)));
    stopEnding();
  }

  /** Bans end at their time also when no server says so. A server that is connected does not tell them again. */
  #endInTime(): () => void {
    const { clock, peers } = this.#options;
    let cancel: () => void;
    let offsetMs = clock.now() - clock.elapsed();
    const check = (): void => {
      const byMs = clock.now() - clock.elapsed() - offsetMs;
      if (Math.abs(byMs) > clockSetMs) {
        offsetMs += byMs;
        for (const reports of peers.values()) reports.clockSet(byMs);
        this.notify();
      }
      const ended = [...peers.values()].filter((reports) => reports.endUntil(clock.now()));
      if (ended.length > 0) this.notify();
      cancel = clock.after(endedCheckMs, check);
    };
    cancel = clock.after(endedCheckMs, check);
    return () => cancel();
  }

  async #await(
    network: Network,
    isBanned: boolean,
    { stepMaxMs, signal }: { readonly stepMaxMs: number; readonly signal: AbortSignal },
  ): Promise<ReadonlyMap<string, number>> {
    const { clock } = this.#options;
    const startedMs = clock.elapsed();
    this.#onTrial = isBanned ? network : undefined;
    this.notify();
    const reached = new Map<string, number>();
    const wanted = isBanned ? 'in-force' : 'absent';
    while (!signal.aborted && reached.size < this.reconcilers.length && clock.elapsed() - startedMs < stepMaxMs) {
      await sleep(clock, trialLookMs, signal);
      for (const reconciler of this.reconcilers) {
        const isReached = reconciler.enforcementOf(network, isBanned).state === wanted;
        if (isReached && !reached.has(reconciler.name)) reached.set(reconciler.name, clock.elapsed() - startedMs);
      }
    }
    return reached;
  }

  #enforce(group: readonly [Subscription, ...Subscription[]]): Enforced {
    const { openEnforcer, clock, random, mayBlock, onEvent } = this.#options;
    const claims = new Claims({ ...this.#options, subscriptions: group, onTrial: () => this.#onTrial });
    const opened = openEnforcer(group[0].target, (network) => claims.newestOf(network));
    const enforcer = observeLists(opened, (held) => claims.found(held));
    const reconciler = new Reconciler({
      enforcer,
      clock,
      random,
      resyncMs,
      desired: () => claims.desired(),
      mayAdd: mayBlock,
      onEvent: (event) => onEvent(enforcer.name, event),
    });
    return { reconciler, claims };
  }
}

function groupByTarget(subscriptions: readonly Subscription[]): Map<string, [Subscription, ...Subscription[]]> {
  const groups = new Map<string, [Subscription, ...Subscription[]]>();
  for (const subscription of subscriptions) {
    const { target } = subscription;
    const key = target.kind === 'nftables' ? target.kind : `${target.kind}:${target.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [subscription]);
    else group.push(subscription);
  }
  return groups;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
