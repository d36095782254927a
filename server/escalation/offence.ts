import type { Source } from '../../shared/frames.ts';
import type { Network } from '../../shared/network.ts';
import type { Change, HistoryEntry } from '../ledger/ledger.ts';
import { isOwnClient } from '../own-clients.ts';

/**
 * What escalation sees of the record: that a jail banned a network anew (`offence`), or that an operator took a ban of it
 * back (`pardon`). `at` is the time in history, milliseconds since the epoch.
 */
export interface Observation {
  readonly kind: 'offence' | 'pardon';
  readonly network: Network;
  /** Whose report it was. */
  readonly client: string;
  readonly at: number;
}

/** A jail of this name holds what others ban, and bans nobody itself: see client/doctor/judge-peer-jails.ts. */
const peerJailPattern = /-peers$/;

/** What a committed change is to escalation; undefined: nothing. */
export function observe(change: Change, at: number): Observation | undefined {
  switch (change.kind) {
    case 'reported': {
      const { network, client, jail, source } = change.report;
      return isOffence(source, client, jail, change.reason) ? { kind: 'offence', network, client, at } : undefined;
    }
    case 'withdrawn':
    case 'lifted': {
      const { network, client } = change.report;
      return isPardon(change.reason) ? { kind: 'pardon', network, client, at } : undefined;
    }
    default:
      return undefined;
  }
}

/** The same of the change as history has it. */
export function observePast({ kind, network, at, ...entry }: HistoryEntry): Observation | undefined {
  if (network === undefined) return undefined;
  const { client = '', jail = '', source = 'hand', reason } = entry;
  if (kind === 'reported' && isOffence(source, client, jail, reason)) return { kind: 'offence', network, client, at };
  return kind === 'withdrawn' && isPardon(reason) ? { kind: 'pardon', network, client, at } : undefined;
}

/**
 * | a report | counts |
 * | --- | --- |
 * | by a jail, in an event | yes |
 * | in place of one that stands, or from a jail's list after a gap | no: no new deed |
 * | by hand, or by the server itself | no |
 * | by a peer jail that was set up wrongly | no: it repeats others |
 */
function isOffence(source: Source, client: string, jail: string, reason: string | undefined): boolean {
  return source === 'jail' && reason === undefined && !isOwnClient(client) && !peerJailPattern.test(jail);
}

/** Whoever takes a ban back says that it was wrong: what led to it does not count on. */
function isPardon(reason: string | undefined): boolean {
  return reason === 'lifted' || reason === 'whitelisted';
}
