import type { Clock } from './clock.ts';

/** Wakes one waiter. A ring while nobody waits is kept, so that none is lost between looking and waiting. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Resolves when the bell rings, after `delayMs` (undefined: never), or when `signal` is aborted. */
  wait(clock: Clock, delayMs: number | undefined, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const cancel = delayMs === undefined ? undefined : clock.after(Math.max(0, delayMs), () => this.#wake?.());
      this.#wake = () => {
        this.#rung = false;
        this.#wake = undefined;
        cancel?.();
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => this.#wake?.();
      signal.addEventListener('abort', onAbort, { once: true });
      if (this.#rung || signal.aborted) this.#wake();
    });
  }
}
