import type { Clock } from '../../shared/clock.ts';
import type { SourceState } from '../protection/protected-sources.ts';
import type { Protection } from '../protection/protection.ts';
import { describeHeldBack } from './describe-bans.ts';

/** Bans that are named; the others are counted. */
const heldBackMax = 20;

/** What must not be banned, by source; which bans wait because of it; and hosts at addresses that are banned. */
export function describeProtection({ states, held, hosts }: Protection, clock: Clock) {
  const bans = [...held.entries()].slice(0, heldBackMax);
  return {
    protectedSources: states.map((state) => describeSource(state, clock)),
    heldBack: {
      count: held.size,
      bans: bans.map(([network, why]) => ({ network, ...describeHeldBack(why), hosts: why.hosts ?? [] })),
    },
    doubtfulHosts: hosts.doubtful,
  };
}

/** Why nothing is put into force, if that is so. */
export function describeUnread({ unread }: Protection) {
  return unread === undefined ? {} : { unread: unread.detail };
}

/** For how long it fails: what the clock counts from means nothing outside. */
function describeSource({ failure, ...state }: SourceState, clock: Clock) {
  if (failure === undefined) return state;
  const forSeconds = Math.round((clock.elapsed() - failure.sinceMs) / 1_000);
  return { ...state, failure: { reason: failure.reason, forSeconds } };
}
