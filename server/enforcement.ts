import type { Clock } from '../shared/clock.ts';
import { type CandidateBan, desiredEntries } from '../shared/desired-entries.ts';
import type { DesiredEntry } from '../shared/enforcer.ts';
import type { Network } from '../shared/network.ts';
import { Reconciler, type ReconcilerEvent, type ReconcilerState } from '../shared/reconciler.ts';
import type { HeldBans } from './bans/held-bans.ts';
import type { ByteUsage } from './enforcers/byte-room.ts';
import { type FirewallWord, failingWord, wordOf } from './enforcers/firewall-word.ts';
import type { OpenedFirewall } from './enforcers/opened-firewall.ts';
import type { OwnMarks } from './enforcers/ownership/ledger-mark.ts';
import { Ownership } from './enforcers/ownership/ownership.ts';
import type { StrayEntries } from './enforcers/ownership/stray-entries.ts';
import type { Traces } from './enforcers/ownership/traces.ts';
import type { Report } from './ledger/ledger.ts';
import type { Policy } from './policy/policy.ts';
import { type HeldBack, pausedBack } from './protection/held-back.ts';
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
  readonly held: HeldBans;
  /** Why nothing is put into force now (into this firewall, or at all), because something that must not be banned was never read; what is in force stays. */
  readonly unread: (firewall?: OpenedFirewall) => HeldBack | undefined;
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
  /** As configured, or what fits when bans are left out. */
  readonly maxEntries: number;
  /** Bans for which there is none. */
  readonly leftOut: number;
  /** What there was no room of, when bans are left out. */
  readonly shortOf?: 'entries' | 'bytes';
}

/** What became of a comparison of one firewall that was asked for. */
export interface Pass {
  readonly name: string;
  /** Entries of ours that it held before. */
  readonly before: number;
  /** `unfinished`: it is still at work, and goes on. */
  readonly outcome: 'done' | 'failing' | 'unfinished';
}

/** What stands in one firewall and is looked after by nobody here. */
export interface FirewallStrays extends StrayEntries {
  readonly enforcer: string;
}

/** From this share of `max_entries` on the operator is warned. */
const scarceFrom = 0.8;

/** Whoever has lifted something waits no longer to hear what still blocks it. */
const lookMaxMs = 2_000;

/** A firewall at work. */
interface Enforced {
  readonly reconciler: Reconciler;
  readonly ownership: Ownership;
  readonly firewall: OpenedFirewall;
}

/** Every firewall with a reconciler of its own, so that one which is down holds up no other. */
export class EnforcementOfBans {
  readonly #options: EnforcementOptions;
  readonly #enforced: readonly Enforced[];
  readonly #rooms = new Map<string, Room>();

  /** What stood when something became unknown that must not be banned; undefined: all is known. */
  #stoodBefore: ReadonlySet<Network> | undefined;

  constructor(options: EnforcementOptions) {
    this.#options = options;
    this.#noteUnread();
    this.#enforced = options.firewalls.map((firewall) => this.#enforce(firewall));
  }

  get reconcilers(): readonly Reconciler[] {
    return this.#enforced.map(({ reconciler }) => reconciler);
  }

  /** What stands in a firewall by the hand of fail2networkban, and is looked after by nobody here. */
  strays(enforcer: string): readonly StrayEntries[] {
    return this.#enforced.find(({ reconciler }) => reconciler.name === enforcer)?.ownership.strays ?? [];
  }

  /** Of all firewalls. */
  allStrays(): readonly FirewallStrays[] {
    return this.#enforced.flatMap(({ reconciler, ownership }) =>
      ownership.strays.map((strays) => ({ enforcer: reconciler.name, ...strays })),
    );
  }

  /** These may go, with the next comparison. */
  release(found: readonly FirewallStrays[]): void {
    for (const strays of found)
      this.#enforced.find(({ reconciler }) => reconciler.name === strays.enforcer)?.ownership.release(strays);
  }

  /** For how many bans a firewall has no room, and of what. */
  leftOut(enforcer: string): Pick<Room, 'leftOut' | 'shortOf'> {
    const { leftOut = 0, shortOf } = this.#rooms.get(enforcer) ?? {};
    return shortOf === undefined ? { leftOut } : { leftOut, shortOf };
  }

  /** A ban of this network is recorded now. */
  reported(network: Network): void {
    this.#options.traces.note(network);
    for (const { ownership } of this.#enforced) ownership.noteReport(network);
  }

  /** How many bans that are for a firewall are held back. */
  heldBackIn(enforcer: string): number {
    const { held, standing } = this.#options;
    const wants = this.#enforced.find(({ reconciler }) => reconciler.name === enforcer)?.firewall.wants;
    return [...held.entries()].filter(
      ([network]) => reportsFor(standing.get(network) ?? { reports: [] }, wants).length > 0,
    ).length;
  }

  /** Something stands or does not stand any more, or the policy changed. */
  notify(): void {
    this.#noteUnread();
    for (const { reconciler } of this.#enforced) reconciler.notify();
  }

  /** The operator takes these networks out of every firewall: before all that waits. */
  hurry(networks: readonly Network[]): void {
    for (const { reconciler } of this.#enforced) reconciler.hurry(networks);
  }

  /** What lists of the standing bans depend on, beside the bans themselves: nothing has changed as long as this has not. */
  get circumstances(): string {
    const { isPaused, held, unread } = this.#options;
    return `${held.changes} ${isPaused() ? 'paused' : 'enforcing'} ${unread()?.detail ?? 'known'}`;
  }

  /** What no list of the standing bans may carry now, as no firewall does; undefined while everything is held back. */
  heldBack(): ((network: Network) => boolean) | undefined {
    const { isPaused, held } = this.#options;
    if (isPaused()) return undefined;
    // Nearly always: nothing is looked up for each of a hundred thousand bans.
    return held.size === 0 ? () => false : (network) => held.has(network);
  }

  /** Compares every firewall now. Resolves when each is done or has failed, after `mostMs` at the latest. */
  async pass(mostMs: number): Promise<readonly Pass[]> {
    return await Promise.all(this.reconcilers.map((reconciler) => this.#passOf(reconciler, mostMs)));
  }

  /**
   * Lists those firewalls that answer, so that what is said of them next is so now. Resolves when each is listed or has failed, after
   * {@link lookMaxMs} at the latest.
   */
  async lookAgain(): Promise<void> {
    const answering = this.reconcilers.filter(({ state }) => state.kind === 'in-sync' || state.kind === 'working');
    await Promise.all(answering.map((reconciler) => this.#listed(reconciler)));
  }

  /** Firewalls that do not answer as they should. */
  failing(): FirewallWord[] {
    return this.reconcilers.flatMap(({ name, state }) => {
      if (state.kind !== 'failing') return [];
      const failing = { state: 'failing', detail: state.reason, sinceMs: state.sinceMs } as const;
      return [failingWord(name, failing, this.#options.clock)];
    });
  }

  /** Networks that any firewall does not block although it should. */
  refusedNetworks(): ReadonlySet<Network> {
    return new Set(this.reconcilers.flatMap(({ refused }) => refused.map(({ network }) => network)));
  }

  /** What each firewall does about one network. A ban that is not for a firewall, and not in it, is no matter of its. */
  of(network: Network): FirewallWord[] {
    const bans = this.#options.standing.covering(network);
    return this.#enforced.flatMap(({ reconciler, firewall }) => {
      const wanted = bans.filter((ban) => reportsFor(ban, firewall.wants).length > 0);
      const heldBack = this.#whyHeld(wanted);
      const state = reconciler.enforcementOf(network, wanted.length > 0 && heldBack === undefined);
      if (bans.length > 0 && wanted.length === 0 && state.state === 'absent') return [];
      const { enforcer } = firewall;
      const whyLeftOut = (): HeldBack | string => this.#options.unread(firewall) ?? this.#whyNoRoom(firewall, wanted);
      const circumstances = { heldBack, whyLeftOut, clock: this.#options.clock };
      return [wordOf(state, { enforcer: enforcer.name, shared: enforcer.shared, ...circumstances })];
    });
  }

  /** Why none of these bans has a place in a firewall. */
  #whyNoRoom({ enforcer, limits, wants }: OpenedFirewall, bans: readonly Ban[]): string {
    const full =
      this.#rooms.get(enforcer.name)?.shortOf === 'bytes'
        ? 'the file that it keeps its entries in takes no more bytes'
        : `max_entries = ${limits.maxEntries} is reached`;
    const clients = new Set(bans.flatMap((ban) => reportsFor(ban, wants).map(({ client }) => client)));
    const counts = Array.from(clients, (client) => `${client} has ${this.#options.standing.countOfClient(client)}`);
    return `${full}; each client keeps its newest in turn: ${counts.join(', ')}`;
  }

  /** Why none of these bans is to be in force. */
  #whyHeld(bans: readonly Ban[]): HeldBack | undefined {
    const { held, isPaused } = this.#options;
    if (bans.length > 0 && isPaused()) return pausedBack;
    const reasons = bans.map((ban) => held.get(ban.network));
    return reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
  }

  /** Works until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.reconcilers.map((reconciler) => reconciler.run(signal)));
  }

  #listed(reconciler: Reconciler): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(lookMaxMs, () => {
        unwatch();
        resolve();
      });
      reconciler.relist();
      const unwatch = reconciler.watchList(() => {
        cancel();
        resolve();
      });
    });
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
    return { ownership, reconciler: this.#reconcilerFor(firewall, ownership), firewall };
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
    const { clock, random, policy, held, unread, onEvent, traces, onStrays } = this.#options;
    const { enforcer, limits, onDoubt, room } = firewall;
    const reconciler = new Reconciler({
      enforcer,
      clock,
      random,
      resyncMs: limits.resyncSeconds * 1_000,
      desired: () => this.#desired(firewall),
      ...(room === undefined ? {} : { room }),
      isHasty: () => ownership.leansOnOthers,
      judgeOwners: async (listed) => {
        const judged = await ownership.judge(listed);
        onStrays(enforcer.name, ownership.strays);
        room?.settle(judged.filter(({ owner }) => owner === 'ours'));
        return judged;
      },
      mayAdd: (network) =>
        unread(firewall) === undefined && policy.refuseAddress(network) === undefined && held.isMeant(network),
      onEvent: (event) => {
        if (event.kind === 'applied')
          for (const step of event.steps) {
            if (step.verb === 'add') traces.noteOwn(step.entry.network);
            else ownership.noteRemoved(step.entry);
          }
        onEvent(enforcer.name, event);
      },
    });
    onDoubt?.(() => reconciler.relist());
    return reconciler;
  }

  #desired(firewall: OpenedFirewall): ReadonlyMap<Network, DesiredEntry> {
    const { enforcer, limits, wants, room } = firewall;
    const { standing, policy, clock, isOperators } = this.#options;
    const isHeldBack = this.heldBack();
    if (isHeldBack === undefined) return new Map();
    const before = this.#before(firewall);
    const { entries, leftOut, bytes, shortOf } = desiredEntries(candidates(standing.values(), wants, isOperators), {
      now: clock.now(),
      mayBlock: (network) => !isHeldBack(network) && before?.has(network) !== false,
      maxEntries: limits.maxEntries,
      merge: limits.merge,
      widest: policy.settings.widest,
      ...(room === undefined ? {} : { room }),
    });
    const share = room === undefined ? 0 : bytes / Math.max(1, room.availableBytes);
    const fits = leftOut > 0 ? entries.size : limits.maxEntries;
    this.#noteRoom(
      enforcer.name,
      { entries: entries.size, maxEntries: fits, leftOut, ...(shortOf === undefined ? {} : { shortOf }) },
      share,
    );
    return entries;
  }

  /** While nothing new is put into force there: what stood before, so that no wider ban takes the place of one of them. */
  #before(firewall: OpenedFirewall): ReadonlySet<Network> | undefined {
    return this.#options.unread(firewall) === undefined ? undefined : this.#stoodBefore;
  }

  #noteUnread(): void {
    const { unread, standing } = this.#options;
    if (unread() === undefined) this.#stoodBefore = undefined;
    else this.#stoodBefore ??= new Set(standing.list().map(({ network }) => network));
  }

  /** How full the file is in which a firewall keeps its entries. */
  usage(enforcer: string): ByteUsage | undefined {
    return this.#options.firewalls.find((firewall) => firewall.enforcer.name === enforcer)?.room?.usage;
  }

  /** @param byteShare of the bytes that there are, what the entries take */
  #noteRoom(enforcer: string, numbers: Omit<Room, 'kind'>, byteShare: number): void {
    const before = this.#rooms.get(enforcer)?.kind ?? 'plenty';
    const room = { kind: kindOfRoom(numbers, byteShare), ...numbers };
    this.#rooms.set(enforcer, room);
    if (room.kind !== before) this.#options.onRoom(enforcer, room);
  }
}

function outcomeIn({ kind }: ReconcilerState): Pass['outcome'] {
  if (kind === 'failing') return 'failing';
  return kind === 'in-sync' ? 'done' : 'unfinished';
}

function kindOfRoom({ entries, maxEntries, leftOut }: Omit<Room, 'kind'>, byteShare: number): Room['kind'] {
  if (leftOut > 0) return 'none';
  return entries >= maxEntries * scarceFrom || byteShare >= scarceFrom ? 'scarce' : 'plenty';
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
