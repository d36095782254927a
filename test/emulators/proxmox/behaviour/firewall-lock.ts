import { type Clock, sleep } from '../../../../shared/clock.ts';
import { ApiFailure } from '../api/api-failure.ts';
import type { Conditions } from './conditions.ts';
import type { Delays } from './delays.ts';

/** What Proxmox says when the lock was not to be had in time. */
export const LOCK_TIMEOUT = "cfs-lock 'firewall-cluster' error: got lock request timeout";
/** What Proxmox says when the cluster cannot agree on a change. */
export const NO_QUORUM = "cfs-lock 'firewall-cluster' error: no quorum!";

/**
 * The one lock of all changes to the cluster's firewall, the directory /etc/pve/priv/lock/firewall-cluster. Whoever finds
 * it taken looks again now and then; nobody stands in line, so a waiter may starve (Cluster.pm cfs_lock).
 */
export class FirewallLock {
  readonly #conditions: Conditions;
  readonly #delays: Delays;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #held = false;

  constructor(conditions: Conditions, delays: Delays, clock: Clock, signal: AbortSignal) {
    this.#conditions = conditions;
    this.#delays = delays;
    this.#clock = clock;
    this.#signal = signal;
  }

  /**
   * Does `work` while holding the lock.
   *
   * @throws ApiFailure 500 when there is no lock or no quorum within the time limit, and whatever `work` throws
   */
  async run(work: () => Promise<void>): Promise<void> {
    await this.#acquire();
    try {
      await work();
    } finally {
      this.#held = false;
    }
  }

  async #acquire(): Promise<void> {
    const deadlineAt = this.#clock.elapsed() + this.#delays.lockTimeoutMs;
    while (!this.#isFree()) {
      const leftMs = deadlineAt - this.#clock.elapsed();
      if (leftMs <= 0 || this.#signal.aborted)
        throw new ApiFailure(500, this.#conditions.quorate ? LOCK_TIMEOUT : NO_QUORUM);
      await sleep(this.#clock, Math.min(leftMs, this.#delays.lockPollMs), this.#signal);
    }
    this.#held = true;
  }

  #isFree(): boolean {
    return !this.#held && this.#conditions.quorate && this.#clock.now() >= this.#conditions.lockHeldUntil;
  }
}
