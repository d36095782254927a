import type { Network } from '../../shared/network.ts';

/** What is remembered of single networks, at most; of older events it is only known that there may have been some. */
export const recentMax = 50_000;

/** The time of what did not happen. */
export const never = Number.NEGATIVE_INFINITY;

interface Recent {
  /** By the clock's `elapsed`. */
  readonly atMs: number;
  readonly isBan: boolean;
}

/**
 * When each network of a jail was last handed over. What an event was about after a look began, the look knows nothing of;
 * what was banned since a network was missed is not missing.
 */
export class RecentEvents {
  /** In the order of their times. */
  readonly #last = new Map<string, Recent>();
  #forgottenAtMs = never;

  note(jail: string, network: Network, recent: Recent): void {
    const key = `${jail} ${network}`;
    this.#last.delete(key);
    this.#last.set(key, recent);
    const [oldest] = this.#last;
    if (this.#last.size <= recentMax || oldest === undefined) return;
    this.#last.delete(oldest[0]);
    this.#forgottenAtMs = oldest[1].atMs;
  }

  /** When an event was last about this network, {@link never} for none; not too low. */
  eventAt(jail: string, network: Network): number {
    return this.#last.get(`${jail} ${network}`)?.atMs ?? this.#forgottenAtMs;
  }

  /** When a ban was last about this network, {@link never} for none since its last unban; not too low. */
  bannedAt(jail: string, network: Network): number {
    const recent = this.#last.get(`${jail} ${network}`);
    if (recent === undefined) return this.#forgottenAtMs;
    return recent.isBan ? recent.atMs : never;
  }
}
