import type { Network } from '../../../shared/network.ts';
import type { Decision } from './read-decisions.ts';

/** What all decisions about one network come to. */
export interface Claim {
  readonly network: Network;
  /** Of the decision that lasts longest. */
  readonly scenario: string;
  readonly origin: string;
  readonly remainingMs: number;
  /** The id of the newest decision: a higher one is a new decision. */
  readonly newest: number;
  /** Whether one of them was made here, and not taken over from a community list. */
  readonly isLocal: boolean;
}

export interface ChosenClaims {
  /** In the order in which they count. */
  readonly claims: readonly Claim[];
  /** Networks for which there was no room. */
  readonly leftOut: number;
}

/** Decisions that CrowdSec hands on from elsewhere. */
const communityOrigins: readonly string[] = ['capi', 'lists'];

/** At most `most` networks: those with a decision of this CrowdSec's own first, then those decided last. */
export function chooseClaims(decisions: readonly Decision[], most: number): ChosenClaims {
  const byNetwork = new Map<Network, Claim>();
  for (const decision of decisions.toSorted((a, b) => a.id - b.id)) {
    byNetwork.set(decision.network, join(byNetwork.get(decision.network), decision));
  }
  const claims = [...byNetwork.values()].sort(
    (a, b) => Number(b.isLocal) - Number(a.isLocal) || b.newest - a.newest || (a.network < b.network ? -1 : 1),
  );
  return { claims: claims.slice(0, most), leftOut: Math.max(0, claims.length - most) };
}

/** The longest says until when and why. `decision` is newer than all before: of two that last equally long it counts. */
function join(known: Claim | undefined, { id, network, scenario, origin, remainingMs }: Decision): Claim {
  const isLocal = !communityOrigins.includes(origin.toLowerCase());
  if (known === undefined) return { network, scenario, origin, remainingMs, newest: id, isLocal };
  const longest = remainingMs >= known.remainingMs ? { scenario, origin, remainingMs } : known;
  return {
    network,
    scenario: longest.scenario,
    origin: longest.origin,
    remainingMs: longest.remainingMs,
    newest: id,
    isLocal: known.isLocal || isLocal,
  };
}
