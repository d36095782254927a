import type { Clock } from '../shared/clock.ts';
import { type CandidateBan, desiredEntries } from '../shared/desired-entries.ts';
import type { DesiredEntry } from '../shared/enforcer.ts';
import type { Enforcement } from '../shared/frames.ts';
import type { Network } from '../shared/network.ts';
import { Reconciler, type ReconcilerEvent, type ReconcilerState } from '../shared/reconciler.ts';
import type { OpenedFirewall } from './enforcers/opened-firewall.ts';
import type { OwnMarks } from './enforcers/ownership/ledger-mark.ts';
import { Ownership } from './enforcers/ownership/ownership.ts';
import type { StrayEntries } from './enforcers/ownership/stray-entries.ts';
import type { Traces } from './enforcers/ownership/traces.ts';
import type { Report } from './ledger/ledger.ts';
import type { Policy } from './policy/policy.ts';
import { forbidding } from './policy/whitelist.ts';
import { type Ban, lastEndOf, type StandingBans } from './standing-bans.ts';

export interface EnforcementOptions {
  readonly firewalls: readonly OpenedFirewall[];
  readonly standing: StandingBans;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly random: () => number;
  /** Panic: nothing is desired until the operator resumes. */
  readonly isPaused: () => boolean;
  /** Whether a report is the operator's own, who comes first where room is short. */
  readonly isOperators: (report: Report) => boolean;
  /** Addresses of connected clients; they come and go too often for {@link EnforcementOfBans.policyChanged}. */
  readonly connectedAddresses: () => readonly Network[];
  readonly onEvent: (enforcer: string, event: ReconcilerEvent) => void;
  /** Told when the room under `max_entries` becomes scarce, runs out, or is plenty again. */
  readonly onRoom: (enforcer: string, room: Room) => void;
  /** Whose entries are ours. */
  readonly marks: OwnMarks;
  readonly traces: Traces;
  /** Whether a client of this name is known, or only one whose name begins so. */
  readonly isClient: (name: string, isBeginning: boolean) => boolean;
  /** Told when what stands in a firewall and is looked after by nobody here has changed. */
  readonly onStrays: (enforcer: string, strays: readonly StrayEntries[]) => void;
}

/** How near a firewall is to its `max_entries`. */
export interface Room {
  readonly kind: 'plenty' | 'scarce' | 'none';
  readonly entries: number;
  readonly maxEntries: number;
  /** Bans for which there is none. */
  readonly leftOut: number;
}

/** What became of a comparison of one firewall that was asked for. */
export interface Pass {
  readonly name: string;
  /** Entries of ours that it held before. */
  readonly before: number;
  /** `unfinished`: it is still at work, and goes on. */
  readonly outcome: 'done' | 'failing' | 'unfinished';
}

/** From this share of `max_entries` on the operator is warned. */
const scarceFrom = 0.8;

/** A firewall at work. */
interface Enforced {
  readonly reconciler: Reconciler;
  readonly ownership: Ownership;
  readonly wants: OpenedFirewall['wants'];
}

/** Every firewall with a reconciler of its own, so that one which is down holds up no other. */
export class EnforcementOfBans {
  readonly #options: EnforcementOptions;
  readonly #enforced: readonly Enforced[];
  readonly #rooms = new Map<string, Room>();
  /** Bans that the policy no longer allows. New ones are checked as they come in, so this changes only with the policy. */
  #forbidden: ReadonlySet<Network> = new Set();
  #policyChanges = 0;

  constructor(options: EnforcementOptions) {
    this.#options = options;
    this.#enforced = options.firewalls.map((firewall) => this.#enforce(firewall));
  }

  get reconcilers(): readonly Reconciler[] {
    return this.#enforced.map(({ reconciler }) => reconciler);
  }

  /** What stands in a firewall by the hand of fail2networkban, and is looked after by nobody here. */
  strays(enforcer: string): readonly StrayEntries[] {
    return this.#enforced.find(({ reconciler }) => reconciler.name === enforcer)?.ownership.strays ?? [];
  }

  leftOut(enforcer: string): number {
    return this.#rooms.get(enforcer)?.leftOut ?? 0;
  }

  /** A ban of this network is recorded now. */
  reported(network: Network): void {
    this.#options.traces.note(network);
    for (const { ownership } of this.#enforced) ownership.noteReport(network);
  }

  /** Something stands or does not stand any more, or the policy changed. */
  notify(): void {
    for (const { reconciler } of this.#enforced) reconciler.notify();
  }

  /** The operator takes these networks out of every firewall: before all that waits. */
  hurry(networks: readonly Network[]): void {
    for (const { reconciler } of this.#enforced) reconciler.hurry(networks);
  }

  /**
   * The whitelist, the settings or a protected network changed: the bans are checked again.
   *
   * @param entries all that has changed, when it is whitelist entries alone: then bans elsewhere are as they were
   * @returns the bans that are held back now and were not before, or the other way round
   */
  policyChanged(entries?: readonly Network[]): readonly Network[] {
    const { standing, policy } = this.#options;
    this.#policyChanges += 1;
    const before = this.#forbidden;
    const touching = entries === undefined ? undefined : forbidding(entries);
    const isTouched = (network: Network): boolean => touching === undefined || touching(network) !== undefined;
    const isForbidden = (network: Network): boolean =>
      isTouched(network) ? policy.refuseAddress(network) !== undefined : before.has(network);
    const networks = standing.list().map(({ network }) => network);
    this.#forbidden = new Set(networks.filter(isForbidden));
    this.notify();
    const after = this.#forbidden;
    const released = [...before].filter((network) => !after.has(network));
    return [...released, ...[...after].filter((network) => !before.has(network))];
  }

  /** What lists of the standing bans depend on, beside the bans themselves: nothing has changed as long as this has not. */
  get circumstances(): string {
    const { isPaused } = this.#options;
    return [this.#policyChanges, isPaused() ? 'paused' : 'enforcing', ...this.#cutOff()].join(' ');
  }

  /** What no list of the standing bans may carry now, as no firewall does; undefined while everything is held back. */
  heldBack(): ((network: Network) => boolean) | undefined {
    if (this.#options.isPaused()) return undefined;
    const [forbidden, cutOff] = [this.#forbidden, this.#cutOff()];
    // Nearly always: nothing is looked up for each of a hundred thousand bans.
    if (forbidden.size + cutOff.size === 0) return () => false;
    return (network) => forbidden.has(network) || cutOff.has(network);
  }

  /** Compares every firewall now. Resolves when each is done or has failed, after `mostMs` at the latest. */
  async pass(mostMs: number): Promise<readonly Pass[]> {
    return await Promise.all(this.reconcilers.map((reconciler) => this.#passOf(reconciler, mostMs)));
  }

  /** What each firewall does about one network. A ban that is not for a firewall, and not in it, is no matter of its. */
  of(network: Network): Enforcement[] {
    const bans = this.#options.standing.covering(network);
    return this.#enforced.flatMap(({ reconciler, wants }) => {
      const isBanned = bans.some((ban) => reportsFor(ban, wants).length > 0);
      const enforcement = reconciler.enforcementOf(network, isBanned);
      if (bans.length > 0 && !isBanned && enforcement.state === 'absent') return [];
      return isBanned && this.#options.isPaused() ? [{ enforcer: reconciler.name, state: 'paused' }] : [enforcement];
    });
  }

  /** Works until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.reconcilers.map((reconciler) => reconciler.run(signal)));
  }

  #passOf(reconciler: Reconciler, mostMs: number): Promise<Pass> {
    const { name } = reconciler;
    const before = reconciler.counts().ours;
    return new Promise((resolve) => {
      const answer = (): void => resolve({ name, before, outcome: outcomeIn(reconciler.state) });
      const cancel = this.#options.clock.after(mostMs, () => {
        unwatch();
        answer();
      });
      reconciler.relist();
      const unwatch = reconciler.watchPass(() => {
        cancel();
        answer();
      });
    });
  }

  #enforce(firewall: OpenedFirewall): Enforced {
    const ownership = this.#ownershipOf(firewall);
    return { ownership, reconciler: this.#reconcilerFor(firewall, ownership), wants: firewall.wants };
  }

  #ownershipOf(firewall: OpenedFirewall): Ownership {
    const { standing, marks, traces, isPaused, isClient } = this.#options;
    return new Ownership({
      marks,
      traces,
      isClient,
      isReported: (network) => standing.reportsOf(network).length > 0,
      desired: () => this.#desired(firewall),
      takesAll: isPaused,
    });
  }

  #reconcilerFor(firewall: OpenedFirewall, ownership: Ownership): Reconciler {
    const { clock, random, policy, onEvent, traces, onStrays } = this.#options;
    const { enforcer, limits, onDoubt } = firewall;
    const reconciler = new Reconciler({
      enforcer,
      clock,
      random,
      resyncMs: limits.resyncSeconds * 1_000,
      desired: () => this.#desired(firewall),
      isHasty: () => ownership.leansOnOthers,
      judgeOwners: async (listed) => {
        const judged = await ownership.judge(listed);
        onStrays(enforcer.name, ownership.strays);
        return judged;
      },
      mayAdd: (network) => policy.refuseAddress(network) === undefined,
      onEvent: (event) => {
        if (event.kind === 'applied')
          for (const { verb, entry } of event.steps) if (verb === 'add') traces.noteOwn(entry.network);
        onEvent(enforcer.name, event);
      },
    });
    onDoubt?.(() => reconciler.relist());
    return reconciler;
  }

  #desired({ enforcer, limits, wants }: OpenedFirewall): ReadonlyMap<Network, DesiredEntry> {
    const { standing, policy, clock, isOperators } = this.#options;
    const isHeldBack = this.heldBack();
    if (isHeldBack === undefined) return new Map();
    const { entries, leftOut } = desiredEntries(candidates(standing.values(), wants, isOperators), {
      now: clock.now(),
      mayBlock: (network) => !isHeldBack(network),
      maxEntries: limits.maxEntries,
      merge: limits.merge,
      widest: policy.settings.widest,
    });
    this.#noteRoom(enforcer.name, { entries: entries.size, maxEntries: limits.maxEntries, leftOut });
    return entries;
  }

  /** Bans that cover a connected client. */
  #cutOff(): ReadonlySet<Network> {
    const { standing, connectedAddresses } = this.#options;
    const bans = connectedAddresses().flatMap((address) => standing.covering(address));
    return new Set(bans.map(({ network }) => network));
  }

  #noteRoom(enforcer: string, numbers: Omit<Room, 'kind'>): void {
    const before = this.#rooms.get(enforcer)?.kind ?? 'plenty';
    const room = { kind: kindOfRoom(numbers), ...numbers };
    this.#rooms.set(enforcer, room);
    if (room.kind !== before) this.#options.onRoom(enforcer, room);
  }
}

function outcomeIn({ kind }: ReconcilerState): Pass['outcome'] {
  if (kind === 'failing') return 'failing';
  return kind === 'in-sync' ? 'done' : 'unfinished';
}

function kindOfRoom({ entries, maxEntries, leftOut }: Omit<Room, 'kind'>): Room['kind'] {
  if (leftOut > 0) return 'none';
  return entries >= maxEntries * scarceFrom ? 'scarce' : 'plenty';
}

function* candidates(
  bans: Iterable<Ban>,
  wants: OpenedFirewall['wants'],
  isOperators: EnforcementOptions['isOperators'],
): Generator<CandidateBan> {
  for (const ban of bans) {
    const reports = reportsFor(ban, wants);
    const newest = reports.at(-1);
    if (newest === undefined) continue;
    yield {
      network: ban.network,
      order: ban.sequence,
      endsAt: lastEndOf(reports),
      claims: reports,
      isOperators: reports.some(isOperators),
      note: `${newest.jail} ${newest.client}`,
      client: newest.client,
    };
  }
}

/** The reports of a ban that a firewall is there for. */
function reportsFor({ reports }: Pick<Ban, 'reports'>, wants: OpenedFirewall['wants']): readonly Report[] {
  return wants === undefined ? reports : reports.filter(wants);
}
