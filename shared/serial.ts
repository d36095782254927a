/**
 * Carries out one work after another, in the order in which they were asked for. It sets no bound: whoever asks waits for
 * the answer, or bounds what it asks for.
 */
export class Serial {
  #last: Promise<unknown> = Promise.resolve();

  /** Begins the work when all that was asked for before has ended, well or not; ends as the work does. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work);
    // A failure is its caller's and does not stop the next.
    this.#last = result.catch(() => undefined);
    return result;
  }
}
