import type { Decision } from './decision.ts';

/** Decisions that are looked at, or written, before others have a turn: a few milliseconds of work. */
export const decisionsPerTurn = 500;

/** A list of decisions as it is sent, written piece by piece: a hundred thousand at once would hold up everybody. */
export class DecisionText {
  readonly #pieces: Buffer[] = [];
  #unwritten: Decision[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0 && this.#unwritten.length === 0;
  }

  add(decision: Decision): void {
    this.#unwritten.push(decision);
    if (this.#unwritten.length >= decisionsPerTurn) this.#write();
  }

  /** The whole list in JSON; `null` for an empty one, as CrowdSec writes it. */
  end(): readonly Buffer[] {
    if (this.isEmpty) return [Buffer.from('null')];
    if (this.#unwritten.length > 0) this.#write();
    return [Buffer.from('['), ...this.#pieces, Buffer.from(']')];
  }

  #write(): void {
    const items = JSON.stringify(this.#unwritten).slice(1, -1);
    this.#pieces.push(Buffer.from(this.#pieces.length === 0 ? items : `,${items}`));
    this.#unwritten = [];
  }
}
