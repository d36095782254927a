import type { Clock } from '../shared/clock.ts';
import type { HostEnforcer } from '../shared/frames.ts';
import type { Refusal } from '../shared/refusal.ts';
import type { Agent, Destination } from './agent.ts';
import type { CourierState, Postponement } from './courier.ts';
import type { Fault } from './observability/faults.ts';
import type { PeerReports } from './peers/peer-reports.ts';
import type { RefusedEvent } from './refusals.ts';

/** Where the agent stands with one server, as `status` shows it. */
export interface ServerReport {
  readonly server: string;
  readonly state: StateReport;
  /** Events that wait for this server. */
  readonly waiting: number;
  /** Age of the event that has waited longest; null when none waits. */
  readonly oldestWaitingMs: number | null;
  /** Why a connected server takes nothing for now. */
  readonly postponement: (Refusal & { readonly since: string }) | null;
  readonly lastError: { readonly at: string; readonly reason: string } | null;
  /** What it tells of the bans of others; null where no subscription concerns it. */
  readonly feed: FeedReport | null;
}

export interface FaultReport extends Omit<Fault, 'sinceAt'> {
  readonly since: string;
}

export interface FeedReport {
  /** `unknown`: it has not told yet what stands; `not-permitted`: this host may not subscribe there. */
  readonly state: 'known' | 'unknown' | 'not-permitted';
  readonly sequence: number;
  readonly reports: number;
  readonly paused: boolean;
}

export type StateReport =
  | { readonly kind: 'connecting' }
  | {
      readonly kind: 'connected';
      readonly since: string;
      readonly name: string;
      readonly may: readonly string[];
      readonly jails: readonly string[];
    }
  | { readonly kind: 'waiting'; readonly code: string; readonly reason: string; readonly nextTryInMs: number }
  | { readonly kind: 'stopped' };

export interface StatusReport {
  readonly stream: string;
  /** Number of the last event that was taken over. */
  readonly lastNumber: number;
  /** What lies in the spool and is not taken over yet. */
  readonly unread: { readonly spool: string; readonly bytes: number; readonly since: string } | null;
  readonly unreadableLines: number;
  readonly unreadableFile: string;
  /** Whether the host is configured to have fail2ban. */
  readonly fail2ban: boolean;
  readonly servers: readonly ServerReport[];
  /** Events refused for good since the agent's start, by code. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly lastRefusals: readonly RefusedEvent[];
  /** What blocks the bans of others here. */
  readonly enforcers: readonly HostEnforcer[];
  /** What was wrong with the agent's state when it started, a sentence each. */
  readonly damage: readonly string[];
  /** What does not work now and is tried again. */
  readonly faults: readonly FaultReport[];
}

export async function reportStatus(agent: Agent, clock: Clock): Promise<StatusReport> {
  const unread = await agent.unread();
  return {
    stream: agent.outbox.stream,
    lastNumber: agent.outbox.lastNumber,
    unread: unread === undefined ? null : { spool: agent.spool, bytes: unread.bytes, since: toText(unread.sinceAt) },
    unreadableLines: agent.unreadable.count,
    unreadableFile: agent.unreadable.path,
    fail2ban: agent.hasFail2ban,
    servers: agent.destinations.map((destination) => reportServer(agent, destination, clock)),
    refusals: agent.refusals.counts,
    lastRefusals: agent.refusals.last,
    enforcers: agent.peers.enforcement.summary(),
    damage: agent.outbox.damage,
    faults: agent.faults.current.map(({ sinceAt, ...fault }) => ({ ...fault, since: toText(sinceAt) })),
  };
}

/** Where the agent stands with one server. */
export function reportServer(agent: Agent, { courier }: Destination, clock: Clock): ServerReport {
  const { waiting, oldest } = agent.outbox.lane(courier.server);
  const { lastError } = courier;
  return {
    server: courier.server,
    state: reportState(courier.state, clock),
    waiting,
    oldestWaitingMs: oldest === undefined ? null : clock.now() - oldest.acceptedAt,
    postponement: reportPostponement(courier.postponement),
    lastError: lastError === undefined ? null : { at: toText(lastError.at), reason: lastError.reason },
    feed: reportFeed(agent.peers.reports.get(courier.server), courier.state),
  };
}

function reportPostponement(postponement: Postponement | undefined): ServerReport['postponement'] {
  if (postponement === undefined) return null;
  const { code, detail, sinceAt } = postponement;
  return { code, detail, since: toText(sinceAt) };
}

function reportFeed(reports: PeerReports | undefined, state: CourierState): FeedReport | null {
  if (reports === undefined) return null;
  const { sequence, size, isPaused, isKnown } = reports;
  const mayNot = state.kind === 'connected' && !state.connection.welcome.may.includes('subscribe');
  const known = isKnown ? 'known' : 'unknown';
  return { state: mayNot ? 'not-permitted' : known, sequence, reports: size, paused: isPaused };
}

function reportState(state: CourierState, clock: Clock): StateReport {
  switch (state.kind) {
    case 'connecting':
    case 'stopped':
      return { kind: state.kind };
    case 'connected': {
      const { server: name, may, jails } = state.connection.welcome;
      return { kind: 'connected', since: toText(state.sinceAt), name, may, jails };
    }
    case 'waiting': {
      const nextTryInMs = Math.max(0, Math.round(state.nextTryAt - clock.now()));
      return { kind: 'waiting', code: state.code, reason: state.reason, nextTryInMs };
    }
  }
}

function toText(at: number): string {
  return new Date(at).toISOString();
}
