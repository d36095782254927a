export type Wish = 'stop' | 'reload';

export type OnSignal = (name: 'SIGTERM' | 'SIGINT' | 'SIGHUP', handle: () => void) => void;

/** What the signals ask for, one at a time. One that comes early is kept, and nothing takes the place of a stop. */
export class Wishes {
  #kept: Wish | undefined;
  #waiting: ((wish: Wish) => void) | undefined;

  constructor(onSignal: OnSignal) {
    onSignal('SIGTERM', () => this.#wish('stop'));
    onSignal('SIGINT', () => this.#wish('stop'));
    onSignal('SIGHUP', () => this.#wish('reload'));
  }

  next(): Promise<Wish> {
    return new Promise((resolve) => {
      this.#waiting = resolve;
      if (this.#kept !== undefined) this.#tell(this.#kept);
    });
  }

  #wish(wish: Wish): void {
    this.#tell(this.#kept === 'stop' ? 'stop' : wish);
  }

  #tell(wish: Wish): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#kept = waiting === undefined ? wish : undefined;
    waiting?.(wish);
  }
}
