import type { Clock } from '../shared/clock.ts';
import type { DnsName } from '../shared/dns/dns-name.ts';
import type { ResolveName } from '../shared/dns/resolve-name.ts';
import { describeError } from '../shared/errors.ts';
import type { Log } from '../shared/host/log.ts';
import type { Network } from '../shared/network.ts';
import { OutdatedEnds } from './bans/outdated-ends.ts';
import { Clients } from './clients.ts';
import { ConnectedClients } from './connected-clients.ts';
import { Counters } from './counters.ts';
import { EnforcementOfBans } from './enforcement.ts';
import type { OpenedFirewall } from './enforcers/opened-firewall.ts';
import type { OwnMarks } from './enforcers/ownership/ledger-mark.ts';
import { Traces } from './enforcers/ownership/traces.ts';
import { Escalation } from './escalation/escalation.ts';
import type { EscalationSettings } from './escalation/escalation-settings.ts';
import { sweepExpired } from './expiry-sweep.ts';
import { Feed } from './feed/feed.ts';
import type { Soon } from './in-turns.ts';
import { Intake } from './intake.ts';
import { type Change, type Ledger, LedgerError, type LedgerState } from './ledger/ledger.ts';
import { Losses } from './ledger/losses.ts';
import type { OpenedChannel } from './notifications/delivery.ts';
import { Notifications } from './notifications/notifications.ts';
import { SharedRefusalCounts } from './observability/shared-refusals.ts';
import { escalationName, isOwnClient, operator } from './own-clients.ts';
import { ClientRates } from './policy/client-rates.ts';
import { Policy, type PolicySettings } from './policy/policy.ts';
import { PolicyChanges } from './policy/policy-changes.ts';
import { ProtectedAddresses } from './policy/protected-addresses.ts';
import { ProtectionGaps } from './policy/protection-gaps.ts';
import { Whitelist } from './policy/whitelist.ts';
import { WhitelistNames } from './policy/whitelist-names.ts';
import type { HeldBack } from './protection/held-back.ts';
import type { ProtectedSource } from './protection/protected-source.ts';
import { Protection, type ProtectionSettings } from './protection/protection.ts';
import { Record } from './record.ts';
import { ReportWriter } from './report-writer.ts';
import { type Decision, networkIn } from './rescue/decision.ts';
import type { DecisionFile } from './rescue/decision-file.ts';
import { Rescue } from './rescue/rescue.ts';
import { StandingBans } from './standing-bans.ts';
import { Teller } from './teller.ts';

/** What the configuration says of bans. */
export interface CoreSettings {
  readonly policy: PolicySettings;
  readonly protection: ProtectionSettings;
  readonly whitelist: readonly Network[];
  /** DNS names on the whitelist. */
  readonly whitelistNames: readonly DnsName[];
  /** Those of the whitelist that stand in a file of their own. */
  readonly whitelistFromFile: readonly Network[];
  readonly historyDays: number;
  /** Entries of history, but for those of standing reports; each client has an equal share. */
  readonly historyMax: number;
  /** Undefined: off. */
  readonly escalation: EscalationSettings | undefined;
}

export interface CoreParts {
  readonly ledger: Ledger;
  /** Whose entries in the firewalls are ours. */
  readonly marks: OwnMarks;
  /** Keeps what the operator decided while the ledger cannot be written. */
  readonly decisions: DecisionFile;
  readonly firewalls: readonly OpenedFirewall[];
  /** By which others are told what happens. */
  readonly channels: readonly OpenedChannel[];
  /** Addresses that must not be banned, beside those that the firewalls know. */
  readonly protectedSources: readonly ProtectedSource[];
  /** Asks what DNS names on the whitelist mean. */
  readonly resolve: ResolveName;
  readonly clock: Clock;
  readonly random: () => number;
  readonly soon: Soon;
  readonly log: Log;
}

const dayMs = 86_400_000;

/**
 * What stands, who may change it, and what follows from a change. Knows no sockets.
 *
 * ```
 * intake ────┬─▶ report writer ─▶ record ─▶ ledger
 * operator ──┘   (policy)           └─▶ standing bans ─▶ enforcement ─▶ a reconciler for each firewall
 *                                                    ├─▶ feed ─▶ a follower for each subscribed host
 *                                                    ├─▶ escalation ─▶ intake
 *                                                    └─▶ teller ─▶ log, counters, notifications
 * ```
 */
export class Core {
  readonly counters = new Counters();
  readonly notifications: Notifications;
  readonly teller: Teller;
  readonly clients: Clients;
  readonly connected: ConnectedClients;
  readonly whitelist: Whitelist;
  readonly whitelistNames: WhitelistNames;
  readonly protectedAddresses = new ProtectedAddresses();
  readonly protectionGaps: ProtectionGaps;
  readonly sharedRefusals: SharedRefusalCounts;
  readonly rates = new ClientRates();
  readonly policy: Policy;
  readonly policyChanges = new PolicyChanges();
  readonly protection: Protection;
  readonly standing: StandingBans;
  readonly enforcement: EnforcementOfBans;
  readonly record: Record;
  readonly writer: ReportWriter;
  readonly intake: Intake;
  readonly feed: Feed;
  readonly escalation: Escalation;
  readonly rescue: Rescue;
  readonly losses: Losses;
  readonly #outdatedEnds: OutdatedEnds;
  readonly #traces: Traces;
  readonly #parts: CoreParts;
  #settings: CoreSettings;
  #isPaused: boolean;

  /** @param state what the ledger holds */
  constructor(settings: CoreSettings, parts: CoreParts, state: LedgerState) {
    const { channels, clock, log, ledger, random, soon } = parts;
    this.#parts = parts;
    this.#settings = settings;
    this.#isPaused = state.paused;
    this.losses = new Losses({ ledger, found: state.losses, log, onAccepted: () => this.#acceptLosses() });
    this.notifications = new Notifications({ channels, clock, random, log });
    this.teller = new Teller({ log, counters: this.counters, notices: this.notifications, clock });
    this.sharedRefusals = new SharedRefusalCounts(clock);
    this.protectionGaps = new ProtectionGaps(log);
    this.clients = new Clients(state.clients);
    this.connected = new ConnectedClients();
    this.whitelist = new Whitelist(settings.whitelist, state.whitelist, settings.whitelistFromFile);
    this.policy = new Policy(settings.policy, this.whitelist, this.protectedAddresses);
    this.standing = new StandingBans(state, () => this.enforcement.notify());
    this.#outdatedEnds = new OutdatedEnds(this.standing);
    this.#traces = new Traces(ledger);
    this.whitelistNames = this.#makeNames(state);
    this.protection = this.#makeProtection(state);
    this.enforcement = this.#makeEnforcement();
    this.feed = new Feed({
      standing: this.standing,
      ledgerId: state.id,
      isPaused: () => this.#isPaused,
      isKnown: () => this.protection.unread === undefined,
      mayBlock: ({ network }) => !this.protection.held.has(network),
      clock,
      soon,
    });
    const { standing, policy } = this;
    this.record = new Record({
      ...{ ledger, standing, state, clock, soon },
      onCommit: (changes, first, at) => this.#committed(changes, first, at),
    });
    this.rescue = new Rescue({
      ...{ record: this.record, file: parts.decisions, ledgerId: state.id, decided: state.decided, clock, log },
      onHeld: (decision) => this.#hold(decision),
      onWritten: (decision) => this.#endHold(decision),
    });
    this.writer = new ReportWriter(policy, clock);
    this.intake = new Intake({
      record: this.record,
      writer: this.writer,
      clock,
      isEnrolled: (client) => isOwnClient(client) || this.clients.get(client) !== undefined,
      onDecision: (decision) => {
        this.sharedRefusals.note(decision);
        this.teller.decision(decision);
      },
    });
    const { intake } = this;
    const onUnread = (error: LedgerError): void =>
      log.error({ error: describeError(error) }, 'history cannot be read: earlier bans do not count for escalation');
    this.escalation = new Escalation({ settings: settings.escalation, ledger, standing, intake, clock, onUnread });
  }

  /** Panic: bans are recorded, but nothing is enforced. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Takes up what the operator decided before the start and the ledger has not taken yet. */
  async restoreDecisions(): Promise<void> {
    const { decisions, clock, log } = this.#parts;
    const { kept, unreadable } = await decisions.load();
    for (const { file, reason } of unreadable) {
      log.error({ file, reason }, 'decisions that may have been kept here cannot be read');
      const text = `${file} cannot be read (${reason}): a panic, unban or allow in it is lost; decide again, then accept-loss puts the file aside`;
      this.losses.note({ foundAt: clock.now(), about: 'decisions', text, holdsBack: true });
    }
    if (kept !== undefined) await this.rescue.restore(kept);
  }

  /** The configuration was read again. */
  configure(settings: CoreSettings): void {
    this.#settings = settings;
    this.whitelist.configure(settings.whitelist, settings.whitelistFromFile);
    this.whitelistNames.configure(settings.whitelistNames);
    this.policy.configure(settings.policy);
    this.protection.configure(settings.protection);
    this.escalation.configure(settings.escalation);
    this.#policyChanged();
  }

  /**
   * Checks the bans again; after the first reading of what is protected, and after any change of the policy.
   *
   * @param entries whitelist entries, when nothing else has changed
   */
  check(entries?: readonly Network[]): void {
    this.#heldChanged(this.protection.held.check(entries));
    this.enforcement.notify();
  }

  /** Reads again which addresses must not be banned. Never rejects because a firewall does not answer. */
  protectAll(signal: AbortSignal): Promise<void> {
    return this.protection.sources.read(signal);
  }

  /** Ends what has run out: keys after a rotation, addresses of hosts, reports, whitelist entries. */
  sweep(): Promise<void> {
    this.record.retry();
    const { record, standing, whitelist, whitelistNames } = this;
    const { clock } = this.#parts;
    this.connected.sendAwayEnded(this.clients, clock.now());
    this.protection.review(clock.now());
    this.policyChanges.add(this.#outdatedEnds.due(clock.now()));
    return sweepExpired({ record, standing, whitelist, whitelistNames, clock });
  }

  /** Forgets history that is older, or more, than the configuration says. */
  async prune(): Promise<void> {
    const { ledger, clock, log } = this.#parts;
    try {
      const { historyDays, historyMax } = this.#settings;
      const count = await ledger.prune(clock.now() - historyDays * dayMs, historyMax);
      if (count > 0) log.info({ count }, 'history pruned');
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      log.error({ error: describeError(error) }, 'history cannot be pruned');
    }
  }

  #acceptLosses(): Promise<void> {
    this.#policyChanged();
    return this.#parts.decisions.setAside();
  }

  #makeNames(state: LedgerState): WhitelistNames {
    const { clock, log, resolve } = this.#parts;
    return new WhitelistNames({
      configured: this.#settings.whitelistNames,
      ...{ entries: state.whitelistNames, sets: state.protectedSets, whitelist: this.whitelist, resolve, clock, log },
      save: (set) => void this.protection.keep(set),
      onChange: (networks) => this.#policyChanged(networks),
    });
  }

  #makeProtection(state: LedgerState): Protection {
    const { firewalls, protectedSources, clock, log } = this.#parts;
    const { standing, policy, clients, protectedAddresses: addresses } = this;
    return new Protection({
      ...{ state, addresses, standing, policy, clients, clock, log, settings: this.#settings.protection },
      sources: [...protectedSources, ...firewalls.flatMap((firewall) => firewall.protectedSources)],
      names: this.whitelistNames,
      losses: this.losses,
      isPaused: () => this.#isPaused,
      record: () => this.record,
      onGaps: (reason, gaps) => this.protectionGaps.note(reason, gaps),
      onPolicy: (networks) => this.#policyChanged(networks),
      onHeld: (changed) => {
        this.#heldChanged(changed);
        this.enforcement.notify();
      },
    });
  }

  #makeEnforcement(): EnforcementOfBans {
    const { firewalls, clock, random, marks } = this.#parts;
    return new EnforcementOfBans({
      firewalls,
      standing: this.standing,
      policy: this.policy,
      clock,
      random,
      isPaused: () => this.#isPaused,
      isOperators: (report) => this.clients.isOperators(report),
      held: this.protection.held,
      unread: (firewall) => this.#unread(firewall),
      onEvent: (enforcer, event) => this.teller.enforcer(enforcer, event),
      onRoom: (enforcer, room) => this.teller.room(enforcer, room),
      marks,
      traces: this.#traces,
      isClient: (name, isBeginning) => this.#isClient(name, isBeginning),
      onStrays: (enforcer, strays) => this.teller.strays(enforcer, strays),
    });
  }

  /** One firewall that never answered holds up no other: each waits for what it knows itself, and for what is nobody's. */
  #unread(firewall: OpenedFirewall | undefined): HeldBack | undefined {
    if (firewall === undefined) return this.protection.unread;
    const others = this.#parts.firewalls.filter((other) => other !== firewall);
    return this.protection.unreadBeside(others.flatMap(({ protectedSources }) => protectedSources));
  }

  /** Also a part of this server, whose name had lost its stroke in old comments, and one that is revoked but has reports. */
  #isClient(name: string, isBeginning: boolean): boolean {
    const names = [
      ...this.clients.list().map((client) => client.name),
      ...this.standing.clients(),
      operator,
      escalationName,
    ];
    const inComments = names.map((each) => each.replaceAll('/', ''));
    return inComments.some((each) => each === name || (isBeginning && each.startsWith(name)));
  }

  /** Everything that follows from a commit, before anybody is answered. */
  #committed(changes: readonly Change[], first: number, at: number): void {
    this.clients.apply(changes);
    this.connected.apply(changes);
    this.whitelist.apply(changes);
    this.whitelistNames.apply(changes);
    for (const change of changes) this.#follow(change);
    // Once, however many of them have changed: a hundred thousand bans may be looked through for it.
    const lifted = changes.flatMap((change) => liftedIn(change) ?? []);
    if (lifted.length > 0) this.enforcement.hurry(lifted);
    const entries = changes.flatMap((change) => whitelistedIn(change) ?? []);
    if (entries.length > 0) this.#policyChanged(entries);
    this.protection.apply(changes, first);
    if (this.protection.held.size > 0) this.#tellHeldBack(changes);
    this.feed.committed(changes, first);
    this.#outdatedEnds.note(changes, at);
    this.escalation.committed(changes, at);
  }

  /** A decision takes effect before the ledger has it. */
  #hold(decision: Decision): void {
    const network = networkIn(decision);
    switch (decision.kind) {
      case 'paused':
      case 'resumed':
        this.#isPaused = decision.kind === 'paused';
        this.enforcement.notify();
        this.feed.restart();
        break;
      case 'allowed':
        this.whitelist.apply([decision]);
        break;
      case 'disallowed':
        this.whitelist.apply([{ ...decision, reason: 'removed' }]);
        break;
      case 'name-allowed':
      case 'name-disallowed':
        this.whitelistNames.apply([decision]);
        break;
      case 'lifted':
        this.protection.held.liftForNow(decision.network);
        break;
    }
    if (network === undefined) return;
    this.enforcement.hurry([network]);
    this.#policyChanged([network]);
  }

  #endHold(decision: Decision): void {
    if (decision.kind !== 'lifted') return;
    this.protection.held.endLiftForNow(decision.network);
    this.#policyChanged([decision.network]);
  }

  #follow(change: Change): void {
    switch (change.kind) {
      case 'withdrawn':
      case 'lifted':
        this.teller.withdrawal(change);
        break;
      case 'paused':
      case 'resumed':
        this.#isPaused = change.kind === 'paused';
        this.enforcement.notify();
        break;
      case 'reported':
        this.enforcement.reported(change.report.network);
        this.teller.report(change);
        break;
      case 'revoked':
        this.rates.forget(change.client);
        this.sharedRefusals.forget(change.client);
        break;
      case 'allowed':
      case 'disallowed':
      case 'enrolled':
      case 'advanced':
      case 'source-read':
      case 'host-addresses':
      case 'mark-adopted':
      case 'name-allowed':
      case 'name-disallowed':
      case 'decided':
        break;
    }
  }

  /** That somebody bans a host's address is told as a refusal would be. */
  #tellHeldBack(changes: readonly Change[]): void {
    for (const change of changes) {
      const why = change.kind === 'reported' ? this.protection.held.get(change.report.network) : undefined;
      if (change.kind === 'reported' && why !== undefined) this.teller.heldBack(change.report, why);
    }
  }

  /** Lists that were told of these bans, or were not, are to be told anew. */
  #heldChanged(changed: readonly Network[]): void {
    if (changed.length === 0) return;
    this.policyChanges.add(changed);
    this.feed.restart();
  }

  #policyChanged(entries?: readonly Network[]): void {
    this.check(entries);
    this.feed.resume();
    for (const { session } of this.connected.list()) session.forgetSettledLists();
  }
}

/** The network of a report that an operator took back. */
function liftedIn(change: Change): Network | undefined {
  if (change.kind !== 'withdrawn' && change.kind !== 'lifted') return undefined;
  return change.reason === 'lifted' || change.reason === 'whitelisted' ? change.report.network : undefined;
}

/** The whitelist entry that a change is about. */
function whitelistedIn(change: Change): Network | undefined {
  if (change.kind === 'allowed') return change.entry.network;
  return change.kind === 'disallowed' ? change.network : undefined;
}
