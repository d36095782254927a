/**
 * Time as an argument: everything that waits or asks for the time takes a Clock, so that tests move it by hand.
 * The only file of the sources that touches real time.
 */
export interface Clock {
  /** Milliseconds since the epoch; may jump when the host's clock is set. */
  now(): number;
  /** Milliseconds of a clock that never jumps, for measuring how long something took. */
  elapsed(): number;
  /** Calls `then` once after `delayMs`. The returned function cancels it. */
  after(delayMs: number, then: () => void): () => void;
}

/** The host's own clock. A pending timer keeps the process alive, so whoever sets one cancels it on stop. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (delayMs, then) => {
    const timer = setTimeout(then, Math.min(delayMs, 0x7fffffff));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` is aborted; never rejects. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}
