/** How long the real daemons let one wait, in milliseconds. Tests shorten what they need not feel. */
export interface Delays {
  /** Before each 401 (AnyEvent.pm authenticate_and_handle_request). */
  readonly unauthorizedMs: number;
  /** A writer waits this long for the lock and for quorum. */
  readonly lockTimeoutMs: number;
  /** A waiting writer looks again this often; there is no queue. */
  readonly lockPollMs: number;
  /** pveproxy waits this long for pvedaemon. */
  readonly daemonTimeoutMs: number;
  /** Every request waits this long when pmxcfs is gone. */
  readonly clusterFilesystemMs: number;
  /** A connection without a request is ended after this. */
  readonly idleMs: number;
}

/** As observed on pve-manager 9.2.11. */
export const REAL_DELAYS: Delays = {
  unauthorizedMs: 3000,
  lockTimeoutMs: 10_000,
  lockPollMs: 1000,
  daemonTimeoutMs: 30_000,
  clusterFilesystemMs: 40_000,
  idleMs: 5000,
};
