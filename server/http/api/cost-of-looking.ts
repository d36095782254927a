import { limits } from '../../../shared/limits.ts';
import { httpLimits } from '../http-limits.ts';

/** In events, what it takes of a client's rate to look through so many bans; never more than can be had at once. */
export function costOfLooking(bans: number): number {
  return Math.min(Math.ceil(bans / httpLimits.bansPerEvent), limits.eventsBurstMax / 2);
}
