/** Lets one after the other do its work; between two of them, all that has arrived meanwhile is handled. */
export class Turns {
  readonly #soon: (then: () => void) => void;
  readonly #waiting: (() => void)[] = [];
  #isGoing = false;

  /** @param soon calls back once the events that have already arrived are handled */
  constructor(soon: (then: () => void) => void) {
    this.#soon = soon;
  }

  /** Calls back when it is this one's turn. */
  wait(then: () => void): void {
    this.#waiting.push(then);
    if (this.#isGoing) return;
    this.#isGoing = true;
    this.#soon(() => this.#next());
  }

  #next(): void {
    this.#waiting.shift()?.();
    this.#isGoing = this.#waiting.length > 0;
    if (this.#isGoing) this.#soon(() => this.#next());
  }
}
