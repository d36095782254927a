/** What the protocol may be extended by: types of frames, refusal codes, permissions, states. One shape for all of them. */
const wordPattern = /^[a-z-]{1,40}$/;
export const wordAllowed = '1–40 of a-z and -';

declare const wordBrand: unique symbol;
/** A text of that shape, known here or not: a newer side may say what this one has not heard of. */
export type Word = string & { readonly [wordBrand]: true };

export function isWord(value: unknown): value is Word {
  return typeof value === 'string' && wordPattern.test(value);
}

/** Returns the one of `choices` that a word is, or undefined for a word of a newer side. */
export function knownOf<const Choice extends string>(choices: readonly Choice[], word: string): Choice | undefined {
  return choices.find((choice) => choice === word);
}
