import type { Ending } from '../ending.ts';
import type { Chance } from './chance.ts';

/** A kind of trouble that the real programs are put through, with a property that must hold whatever happens. */
export interface Attack {
  /** As `--only` takes it. */
  readonly name: string;
  /** The property. */
  readonly must: string;
  /** How often it is done: in the tests, and by hand. */
  readonly rounds: { readonly inTests: number; readonly byHand: number };
  /** @throws when it cannot be carried out; what broke the property is told to the stage */
  readonly run: (stage: Stage) => Promise<void>;
}

/** Where one attack happens. */
export interface Stage {
  /** What is started and written ends with the attack. */
  readonly ending: Ending;
  readonly chance: Chance;
  readonly rounds: number;
  /** Counts what was looked at. */
  tried(count: number): void;
  /** Tells of one breach of the property. */
  failed(sentence: string): void;
  /** A figure beside the counts, as `worst acknowledgement 212 ms`. */
  note(sentence: string): void;
}

/** What came of an attack. */
export interface Verdict {
  readonly name: string;
  readonly tried: number;
  readonly failures: readonly string[];
  readonly notes: readonly string[];
}
