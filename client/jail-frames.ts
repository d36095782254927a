import type { JailEntry, JailFrame, JailsFrame } from '../shared/frames.ts';
import { digestOf } from '../shared/jail-digest.ts';
import { limits } from '../shared/limits.ts';
import { remainingSeconds } from '../shared/remaining-seconds.ts';
import type { JailList } from './jails.ts';

/** Most entries that a jail's list may have on the wire. */
export const listMaxEntries = limits.entriesPerPartMax * limits.partsMax;

/** The digests of the jails' lists: of the first so many as a frame takes. */
export function digestsFrame(lists: ReadonlyMap<string, JailList>): JailsFrame {
  const digests = [...lists].map(([jail, list]) => ({ jail, digest: digestOf(list.keys()) }));
  return { type: 'jails', digests: digests.slice(0, limits.jailsPerFrameMax) };
}

/** Whether two lists are there and name the same networks, whenever their bans end. */
export function holdSame(a: JailList | undefined, b: JailList | undefined): boolean {
  if (a === undefined || b === undefined || a.size !== b.size) return false;
  return [...a.keys()].every((network) => b.has(network));
}

/** One jail's full list, in parts. Bans that are over by now are left out: fail2ban is about to unban them. */
export function jailFrames(jail: string, list: JailList, nowMs: number): JailFrame[] {
  const entries = [...list]
    .filter(([, endsAt]) => endsAt === null || endsAt > nowMs)
    .map(([network, endsAt]): JailEntry => [network, remainingSeconds(endsAt, nowMs)]);
  const parts = Math.max(1, Math.ceil(entries.length / limits.entriesPerPartMax));
  return Array.from({ length: parts }, (_, index) => ({
    type: 'jail',
    jail,
    part: index + 1,
    parts,
    entries: entries.slice(index * limits.entriesPerPartMax, (index + 1) * limits.entriesPerPartMax),
  }));
}
