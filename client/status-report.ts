import type { Clock } from '../shared/clock.ts';
import type { Refusal } from '../shared/refusal.ts';
import type { Agent, Destination } from './agent.ts';
import type { CourierState } from './courier.ts';
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
  readonly postponement: Refusal | null;
  readonly lastError: { readonly at: string; readonly reason: string } | null;
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
  readonly unreadableLines: number;
  readonly unreadableFile: string;
  readonly servers: readonly ServerReport[];
  /** Events refused for good since the agent's start, by code. */
  readonly refusals: Readonly<Record<string, number>>;
  readonly lastRefusals: readonly RefusedEvent[];
}

export function reportStatus(agent: Agent, clock: Clock): StatusReport {
  return {
    stream: agent.outbox.stream,
    lastNumber: agent.outbox.lastNumber,
    unreadableLines: agent.unreadable.count,
    unreadableFile: agent.unreadable.path,
    servers: agent.destinations.map((destination) => reportServer(agent, destination, clock)),
    refusals: agent.refusals.counts,
    lastRefusals: agent.refusals.last,
  };
}

function reportServer(agent: Agent, { courier }: Destination, clock: Clock): ServerReport {
  const { waiting, oldest } = agent.outbox.lane(courier.server);
  const { lastError, postponement = null } = courier;
  return {
    server: courier.server,
    state: reportState(courier.state, clock),
    waiting,
    oldestWaitingMs: oldest === undefined ? null : clock.now() - oldest.acceptedAt,
    postponement,
    lastError: lastError === undefined ? null : { at: toText(lastError.at), reason: lastError.reason },
  };
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
