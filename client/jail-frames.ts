import type { JailEntry, JailFrame, JailsFrame } from '../shared/frames.ts';
import { digestOf } from '../shared/jail-digest.ts';
import { limits } from '../shared/limits.ts';
import type { Network } from '../shared/network.ts';
import { remainingSeconds } from '../shared/remaining-seconds.ts';
import type { JailLook, Look, StoredBan } from './jails/jail-look.ts';
import type { ListedBan } from './jails.ts';

/** Most entries that a jail's list may have on the wire. */
export const listMaxEntries = limits.entriesPerPartMax * limits.partsMax;

/** The widest that a zone is behind UTC: a printed local time is earlier than UTC's by at most this. */
const zoneMaxMs = 12 * 3_600_000;

/** The digests of the jails' lists, of the first so many as a frame takes; and what the jails never ban, where they said. */
export function digestsFrame({ jails, ignored }: Pick<Look, 'jails' | 'ignored'>): JailsFrame {
  const digests = [...jails].map(([jail, { list }]) => ({ jail, digest: digestOf(list.keys()) }));
  const frame = { type: 'jails', digests: digests.slice(0, limits.jailsPerFrameMax) } as const;
  return ignored === undefined ? frame : { ...frame, ignoreip: ignored.networks };
}

/** One jail's list, in parts. @param isKnown whether the look knows the last of a network */
export function jailFrames(
  jail: string,
  { list, stored }: JailLook,
  { nowMs, isKnown }: { readonly nowMs: number; readonly isKnown: (network: Network) => boolean },
): JailFrame[] {
  const entries = [...list]
    .filter(([network]) => isKnown(network))
    .map(([network, ban]) => toEntry(network, ban, stored?.get(network), nowMs));
  const parts = Math.max(1, Math.ceil(entries.length / limits.entriesPerPartMax));
  return Array.from({ length: parts }, (_, index) => ({
    type: 'jail',
    jail,
    part: index + 1,
    parts,
    entries: entries.slice(index * limits.entriesPerPartMax, (index + 1) * limits.entriesPerPartMax),
  }));
}

/**
 * How long a listed ban lasts still. It is listed, so it stands: an end that has passed is a clock's or a zone's fault.
 *
 * ```
 *   permanent                  for ever
 *   in the database            what is left from its time, which has no zone
 *   over by that, or printed   at most the bantime, and no longer than its printed end in the zone farthest west
 * ```
 */
export function toEntry(network: Network, ban: ListedBan, stored: StoredBan | undefined, nowMs: number): JailEntry {
  const { bantimeSeconds, printedAt } = ban;
  if (bantimeSeconds === null) return [network, null];
  const bantimeMs = bantimeSeconds * 1_000;
  if (stored !== undefined) {
    const endsAt = stored.bannedAt + bantimeMs;
    if (endsAt > nowMs && stored.bannedAt <= nowMs + 60_000) return [network, remainingSeconds(endsAt, nowMs)];
  }
  const latestAt = printedAt + bantimeMs + zoneMaxMs;
  const endsAt = latestAt > nowMs ? Math.min(latestAt, nowMs + bantimeMs) : nowMs + bantimeMs;
  return [network, remainingSeconds(endsAt, nowMs), 'at-most'];
}
