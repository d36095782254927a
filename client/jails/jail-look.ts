import type { Network } from '../../shared/network.ts';
import type { JailList } from '../jails.ts';
import type { Ignored } from './ignored-networks.ts';

/** A ban as fail2ban's database keeps it, from the moment that it is made until it is lifted, also while it is restored. */
export interface StoredBan {
  /** Milliseconds since the epoch, by fail2ban's clock. */
  readonly bannedAt: number;
  /** null is permanent. */
  readonly bantimeSeconds: number | null;
}

export type StoredBans = ReadonlyMap<Network, StoredBan>;

/** What one look at a jail found. */
export interface JailLook {
  readonly list: JailList;
  /** What the database holds of this jail; undefined where none can be read. */
  readonly stored: StoredBans | undefined;
}

/** One look at all jails that hand over, by the names under which they are carried. */
export interface Look {
  /** By the clock's `elapsed`. */
  readonly beganMs: number;
  readonly endedMs: number;
  /** Another text after each start of fail2ban; undefined where that cannot be told. */
  readonly life: string | undefined;
  readonly jails: ReadonlyMap<string, JailLook>;
  /** What the jails never ban, of a look at all of them; undefined: they were not asked, or do not say. */
  readonly ignored?: Ignored | undefined;
}

/** For clocks that do not agree: a ban counts as over this long after its end. */
const slackMs = 2 * 3_600_000;

/** Whether the database holds a ban of this network that is not over; undefined where there is none to read. */
export function isStored(stored: StoredBans | undefined, network: Network, nowMs: number): boolean | undefined {
  if (stored === undefined) return undefined;
  const ban = stored.get(network);
  if (ban === undefined) return false;
  return ban.bantimeSeconds === null || ban.bannedAt + ban.bantimeSeconds * 1_000 > nowMs - slackMs;
}
