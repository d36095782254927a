import type { Clock } from '../../shared/clock.ts';
import type { LocalVerb } from '../../shared/host/local-socket.ts';
import type { RefusedNetwork } from '../../shared/reconcile/refusals.ts';
import { type ShownState, shownState } from '../../shared/reconcile/shown-state.ts';
import type { ClockJump } from '../../shared/trusted-clock.ts';
import type { Clients } from '../clients.ts';
import type { ConnectedClients } from '../connected-clients.ts';
import type { Counters } from '../counters.ts';
import type { EnforcementOfBans } from '../enforcement.ts';
import type { OwnMarks } from '../enforcers/ownership/ledger-mark.ts';
import type { Escalation } from '../escalation/escalation.ts';
import type { Losses } from '../ledger/losses.ts';
import type { DeliveryState } from '../notifications/delivery.ts';
import type { Notifications } from '../notifications/notifications.ts';
import type { SharedRefusalCounts } from '../observability/shared-refusals.ts';
import type { Policy } from '../policy/policy.ts';
import type { ProtectedAddresses } from '../policy/protected-addresses.ts';
import type { ProtectionGaps } from '../policy/protection-gaps.ts';
import type { Protection } from '../protection/protection.ts';
import type { Record, RecordState } from '../record.ts';
import { subjectOf } from '../rescue/decision.ts';
import type { Rescue } from '../rescue/rescue.ts';
import type { CrowdsecState } from '../sources/crowdsec/crowdsec-source.ts';
import type { Sources } from '../sources/sources.ts';
import type { StandingBans } from '../standing-bans.ts';
import type { Moving, Timekeeping } from '../timekeeping/timekeeping.ts';
import { argument } from './arguments.ts';
import { describeProtection, describeUnread } from './describe-protection.ts';
import type { Reach } from './make-key.ts';

/** So many refused networks are named of each firewall. */
const refusedNamedMax = 5;

export interface ServerVerbsOptions {
  /** Who asks, as history shows it. */
  readonly actor: string;
  readonly record: Record;
  readonly rescue: Rescue;
  readonly standing: StandingBans;
  readonly clients: Clients;
  readonly connected: ConnectedClients;
  readonly enforcement: EnforcementOfBans;
  readonly marks: OwnMarks;
  readonly escalation: Escalation;
  readonly sources: Sources;
  readonly notifications: Notifications;
  readonly policy: Policy;
  readonly protectedAddresses: ProtectedAddresses;
  readonly protectionGaps: ProtectionGaps;
  readonly sharedRefusals: SharedRefusalCounts;
  readonly protection: Protection;
  readonly losses: Losses;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly timekeeping?: Timekeeping;
  /** What was recorded while a jump of the clock was disputed. */
  readonly moving: (jump: ClockJump) => Moving;
  readonly isPaused: () => boolean;
  readonly startedAt: number;
  readonly version: string;
  readonly strangers: () => number;
  readonly reach: () => Reach;
}

/** How long a command waits for the firewalls, milliseconds. */
export const passMaxMs = 10_000;

/** `status`, `reconcile`, `panic`, `resume`, `clock`. */
export function serverVerbs(options: ServerVerbsOptions): [string, LocalVerb][] {
  return [
    ['status', () => status(options)],
    ['reconcile', () => pass(options)],
    ['panic', () => change(options, 'paused')],
    ['resume', () => change(options, 'resumed')],
    ['clock', (args) => clockVerb(options, argument.flag(args, 'believe'))],
  ];
}

async function change(options: ServerVerbsOptions, kind: 'paused' | 'resumed') {
  const { unwritten } = await options.rescue.decide({ kind, actor: options.actor });
  return { ...(await pass(options)), ...(unwritten === undefined ? {} : { unwritten }) };
}

/** Whether the clock of the host is believed; `mustBelieve`: it is from now on. */
async function clockVerb({ timekeeping, moving }: ServerVerbsOptions, mustBelieve: boolean) {
  if (mustBelieve) await timekeeping?.believe(moving);
  return describeClock(timekeeping);
}

function describeClock(timekeeping: Timekeeping | undefined) {
  const state = timekeeping?.state ?? { kind: 'agreed' as const };
  if (state.kind === 'agreed') return { kind: state.kind };
  const { stoodMs, believedInMs, since: _, ...rest } = state;
  const believedInSeconds = believedInMs === undefined ? null : Math.round(believedInMs / 1_000);
  return { ...rest, forSeconds: Math.round(stoodMs / 1_000), believedInSeconds };
}

/** Compares every firewall and says what came of it: `failed` unless all are done, and block what they should. */
async function pass(options: ServerVerbsOptions) {
  const passes = await options.enforcement.pass(passMaxMs);
  const enforcers = describeEnforcers(options).map((each) => ({
    ...each,
    ...passes.find(({ name }) => name === each.name),
  }));
  const isDone = enforcers.every(
    ({ outcome, refused, unremoved }) => outcome === 'done' && refused === 0 && unremoved === 0,
  );
  return {
    outcome: isDone ? 'done' : 'failed',
    paused: options.isPaused(),
    ...describeUnread(options.protection),
    waitedMostSeconds: passMaxMs / 1_000,
    enforcers,
  };
}

function status(options: ServerVerbsOptions) {
  const { clock, record, standing, clients, connected, counters, isPaused, policy, protectedAddresses } = options;
  return {
    version: options.version,
    uptimeSeconds: Math.round((clock.now() - options.startedAt) / 1_000),
    paused: isPaused(),
    bans: standing.size,
    sequence: standing.sequence,
    marks: options.marks.all,
    record: describeState(record.state, clock),
    losses: options.losses.list,
    ...describeUnwritten(options),
    clock: describeClock(options.timekeeping),
    clients: clients.list().length,
    connected: connected.list().map(({ client, address, agent, since }) => ({ client, address, agent, since })),
    subscribers: connected
      .list()
      .flatMap(({ client, enforcers }) => (enforcers === undefined ? [] : { client, enforcers })),
    strangers: options.strangers(),
    counters: counters.toObject(),
    protected: protectedAddresses.list(),
    protectionGaps: options.protectionGaps.list(),
    sharedRefusals: options.sharedRefusals.list(),
    ...describeProtection(options.protection, clock),
    policy: policy.settings,
    enforcers: describeEnforcers(options),
    escalation: options.escalation.state,
    sources: describeSources(options),
    notifications: options.notifications.status.map(({ state, ...rest }) => ({
      ...rest,
      state: describeState(state, clock),
    })),
    reach: options.reach(),
    memoryBytes: process.memoryUsage.rss(),
  };
}

/** Absent when the ledger has everything. */
function describeUnwritten({ rescue }: ServerVerbsOptions) {
  const { unwritten, keptIn, reason } = rescue;
  if (unwritten.length === 0) return {};
  const decisions = unwritten.map((decision) => ({ kind: decision.kind, network: subjectOf(decision) ?? null }));
  return { unwritten: { decisions, keptIn, reason } };
}

function describeEnforcers({ enforcement, clock }: ServerVerbsOptions) {
  return enforcement.reconcilers.map((reconciler) => ({
    name: reconciler.name,
    state: describeState(shownState(reconciler), clock),
    ...reconciler.counts(),
    ...enforcement.leftOut(reconciler.name),
    bytes: enforcement.usage(reconciler.name),
    strays: enforcement.strays(reconciler.name).map((strays) => ({ ...strays, entries: strays.entries.length })),
    heldBack: enforcement.heldBackIn(reconciler.name),
    ...describeRefused(reconciler),
  }));
}

/** What a firewall does not block, and what it does not let go: how many, and the first few. */
function describeRefused({ refused, unremoved }: Refusing) {
  return {
    refused: refused.length,
    firstRefused: refused.slice(0, refusedNamedMax),
    unremoved: unremoved.length,
    firstUnremoved: unremoved.slice(0, refusedNamedMax),
  };
}

interface Refusing {
  readonly refused: readonly RefusedNetwork[];
  readonly unremoved: readonly RefusedNetwork[];
}

function describeSources({ sources, standing, clock }: ServerVerbsOptions) {
  return sources.list.map(({ name, state, counts, answeredAtMs }) => ({
    name,
    state: describeState(state, clock),
    reports: standing.countOfClient(name),
    ...counts,
    answeredSecondsAgo: answeredAtMs === undefined ? null : Math.round((clock.elapsed() - answeredAtMs) / 1_000),
  }));
}

/** Since when is for how long: what the clock counts from means nothing outside. */
function describeState(state: ShownState | RecordState | CrowdsecState | DeliveryState, clock: Clock) {
  if (!('sinceMs' in state)) return state;
  const { sinceMs, ...rest } = state;
  return { ...rest, forSeconds: Math.round((clock.elapsed() - sinceMs) / 1_000) };
}
