/** What pvedaemon is doing: working, gone (595 at once), or blocked (596 after a long wait, carried out later). */
export type DaemonState = 'running' | 'stopped' | 'hanging';

/** What is wrong with the emulated cluster until it is set right. Everything is fine at first. */
export class Conditions {
  /** Without quorum, writes fail after the lock's time limit; reads work. */
  quorate = true;
  /** Somebody else holds the lock until this instant (milliseconds since the epoch; Infinity for ever). */
  lockHeldUntil = 0;
  /** False: pmxcfs is gone, and every request fails after a long wait. */
  clusterFilesystemRunning = true;
  #daemon: DaemonState = 'running';
  #waiting: (() => void)[] = [];

  /** Setting it to `running` carries out what was asked of a blocked pvedaemon meanwhile, in the order of asking. */
  get daemon(): DaemonState {
    return this.#daemon;
  }

  set daemon(state: DaemonState) {
    this.#daemon = state;
    // A stopped daemon's queue in the kernel is gone with its socket.
    const waiting = state === 'hanging' ? [] : this.#waiting.splice(0);
    if (state === 'running') for (const carryOut of waiting) carryOut();
  }

  /** Remembers a request that a blocked pvedaemon has not looked at. */
  whenDaemonRuns(carryOut: () => void): void {
    this.#waiting.push(carryOut);
  }
}
