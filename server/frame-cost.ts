import type { ReceivedByServer } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';

/** In events: the beginning of a subscription looks through all that stands. */
const subscribeCost = 1_000;

/** Looking at so many reports counts as one event; no look costs more than may be had at once, or it could never be had. */
const looksPerEvent = 8;

/**
 * What a frame takes of its client's rate, in events. What the server has to look through for an answer costs too, or a
 * few bytes could keep it busy.
 *
 * @param countReports how many reports the client has, of one jail or of all
 */
export function costOf(frame: ReceivedByServer, countReports: (jail?: string) => number): number {
  switch (frame.type) {
    case 'events':
      return frame.events.length;
    case 'jails':
      return (
        costOfLooking(frame.digests.reduce((sum, { jail }) => sum + countReports(jail), 0)) +
        (frame.ignoreip?.length ?? 0)
      );
    case 'jail':
      return frame.entries.length + (frame.part < frame.parts ? 0 : costOfLooking(countReports(frame.jail)));
    case 'missing':
      return frame.networks.length;
    case 'query':
      return frame.about === 'bans' ? costOfLooking(countReports()) : 0;
    case 'subscribe':
      return subscribeCost;
    case 'enforcers':
      return frame.enforcers.length;
    case 'unknown':
      return 1;
  }
}

function costOfLooking(reports: number): number {
  return Math.min(Math.ceil(reports / looksPerEvent), limits.eventsBurstMax / 2);
}
