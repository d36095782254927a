import { quote } from './refusal.ts';
import { isObject } from './sealed-channel.ts';
import { isWord, type Word, wordAllowed } from './word.ts';

/** The sender must act: a frame is not of this protocol. */
export class FrameError extends Error {
  readonly code = 'malformed';

  constructor(path: string, value: unknown, allowed: string) {
    super(`${path}: ${quote(value)} is not ${allowed}`);
    this.name = 'FrameError';
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** Readers of one field each: they return what the type says or throw a FrameError that names field, value and what is allowed. */
export const field = {
  text(fields: Fields, name: string, pattern: RegExp, allowed: string): string {
    const value = fields[name];
    if (typeof value !== 'string' || !pattern.test(value)) throw new FrameError(name, value, allowed);
    return value;
  },

  integer(fields: Fields, name: string, least: number, most: number): number {
    const value = fields[name];
    if (!isIntegerBetween(value, least, most))
      throw new FrameError(name, value, `a whole number from ${least} to ${most}`);
    return value;
  },

  choice<const Choice extends string>(fields: Fields, name: string, choices: readonly Choice[]): Choice {
    const value = choices.find((choice) => choice === fields[name]);
    if (value === undefined) throw new FrameError(name, fields[name], `one of ${choices.join(', ')}`);
    return value;
  },

  /** A value of an enumeration that a newer side may have more of: `knownOf` tells whether it is known. */
  word(fields: Fields, name: string): Word {
    const value = fields[name];
    if (!isWord(value)) throw new FrameError(name, value, `a word: ${wordAllowed}`);
    return value;
  },

  /** Each item read by `read`; errors name the item. */
  list<Item>(
    fields: Fields,
    name: string,
    bounds: { least: number; most: number },
    read: (item: unknown) => Item,
  ): Item[] {
    const value = fields[name];
    if (!Array.isArray(value) || value.length < bounds.least || value.length > bounds.most) {
      throw new FrameError(
        name,
        Array.isArray(value) ? value.length : value,
        `a list of ${bounds.least} to ${bounds.most} items`,
      );
    }
    return value.map((item: unknown) => read(item));
  },

  object(value: unknown, name: string): Fields {
    if (!isObject(value)) throw new FrameError(name, value, 'an object');
    return value;
  },
};

export function isIntegerBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most;
}
