import { hash } from 'node:crypto';
import type { Network } from '../../../shared/network.ts';
import type { Report, ReportKey } from '../../ledger/ledger.ts';

/** A ban as CrowdSec's local API tells it. */
export interface Decision {
  /** As Go writes one: `1h0m5s`, negative for what has ended. */
  readonly duration: string;
  /** The same for a network whenever it is banned, so that its end names what was told before. */
  readonly id: number;
  /** The client that reports. */
  readonly origin: string;
  /** The jail. */
  readonly scenario: string;
  readonly scope: 'Ip' | 'Range';
  readonly type: 'ban';
  readonly value: Network;
}

const dayMs = 86_400_000;
/** Half of the longest duration that is told. */
const periodMs = 7 * dayMs;

/**
 * Until when a decision is told that is told now: between 7 and 14 days ahead at the latest, the same instant for a whole
 * period. A ban that lasts longer is told again in the next period. An ipset takes 24 days (`timeout` up to 2147483 s), and
 * a bouncer that never comes back drops what it was told for ever.
 */
export function horizonAt(now: number): number {
  return (Math.floor(now / periodMs) + 2) * periodMs;
}

/** Whether a ban may ever have been told with an earlier end than its own. */
export function isLong({ reportedAt, endsAt }: Report): boolean {
  return endsAt - reportedAt > periodMs;
}

/** A decision that stands. */
export function standingDecision(report: Report, now: number): Decision {
  const until = Math.min(report.endsAt, horizonAt(now));
  // Less than a second would be no time at all for an ipset, which is for ever.
  return decisionOf(report, formatGoDuration(Math.max(1, Math.ceil((until - now) / 1_000))));
}

/** A decision that is taken back, of which it does not matter how long ago that was. */
export function endedDecision(key: ReportKey): Decision {
  return decisionOf(key, '-1s');
}

/** Of the scopes that CrowdSec knows, the one of a network. */
export function scopeOf(network: Network): Decision['scope'] {
  return network.includes('/') ? 'Range' : 'Ip';
}

/** Whole seconds as Go writes them (time.Duration.String). @param seconds at least 0 */
export function formatGoDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const rest = `${seconds % 60}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}

function decisionOf({ network, client, jail }: ReportKey, duration: string): Decision {
  return {
    duration,
    // As much of it as a number of JSON holds exactly.
    id: Number.parseInt(hash('sha256', network).slice(0, 13), 16),
    origin: client,
    scenario: jail,
    scope: scopeOf(network),
    type: 'ban',
    value: network,
  };
}
