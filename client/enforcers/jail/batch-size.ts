/** What an nftables action, at 16 ms a ban, does in the time that a call may take. */
const firstSteps = 25;
const mostSteps = 1_000;
/** fail2ban bans in the thread that answers its socket, so for so long nobody else is answered. */
const stallMostMs = 400;

/**
 * How many bans or unbans one call of fail2ban-client carries. What one costs depends on the jail's action, from 0.3 ms
 * without a command to seconds, so it is learnt from the calls.
 */
export class BatchSize {
  #steps = firstSteps;

  get steps(): number {
    return this.#steps;
  }

  /** A call with so many steps has kept fail2ban busy for so long. */
  learn(steps: number, stalledMs: number): void {
    if (stalledMs > stallMostMs) this.#shrinkTo((steps * stallMostMs) / stalledMs);
    else if (steps >= this.#steps && stalledMs * 2 <= stallMostMs) this.#steps = Math.min(mostSteps, steps * 2);
  }

  /** A call has failed, perhaps because it took too long. */
  failed(): void {
    this.#shrinkTo(Math.min(this.#steps, firstSteps) / 2);
  }

  #shrinkTo(steps: number): void {
    this.#steps = Math.max(1, Math.min(this.#steps, Math.floor(steps)));
  }
}
