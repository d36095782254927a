import { isLabelKey } from '../../../shared/labels.ts';
import { quote } from '../../../shared/refusal.ts';
import { splitWords } from '../../../shared/split-words.ts';

/** What a word of `argv` may hold in braces. */
export type Placeholder =
  | { readonly name: 'network' | 'verb' | 'jail' | 'client' | 'ttl' | 'reason' }
  | { readonly name: 'label'; readonly key: string };

/** One argument: texts as they stand, and placeholders to be filled. */
export type Word = readonly (string | Placeholder)[];

/** Why a text is no argument vector, as it stands behind its key. */
export interface WrongWords {
  readonly problem: string;
}

const plainNames = ['network', 'verb', 'jail', 'client', 'ttl', 'reason'] as const;
const placeholdersAllowed = `${plainNames.map((name) => `{${name}}`).join(' ')} {label:KEY}`;

/**
 * Reads the words of `argv`. Blanks part words; between double quotes blanks belong to the word, and two double quotes are
 * one. Nothing else is special: no shell reads it. A value never becomes more than the word that its placeholder is in.
 *
 * ```
 *   /opt/b --why="{reason} at {client}" ""   →   ⟨/opt/b⟩ ⟨--why=… at …⟩ ⟨⟩
 * ```
 */
export function parseWords(text: string): readonly Word[] | WrongWords {
  const texts = splitWords(text);
  if (texts === undefined) return { problem: `${quote(text)}: a double quote is not closed` };
  const words: Word[] = [];
  for (const each of texts) {
    const word = parseWord(each);
    if ('problem' in word) return word;
    words.push(word);
  }
  return words;
}

function parseWord(text: string): Word | WrongWords {
  if (text.startsWith("'")) {
    return { problem: `${quote(text)}: single quotes mean nothing here; blanks of a word stand in double quotes` };
  }
  const word: (string | Placeholder)[] = [];
  for (const part of text.split(/(\{[^{}]*\})/).filter((each) => each !== '')) {
    const found = /[{}]/.test(part) ? parsePlaceholder(part) : part;
    if (found === undefined) return { problem: `${quote(part)}: allowed in braces is ${placeholdersAllowed}` };
    word.push(found);
  }
  return word;
}

function parsePlaceholder(part: string): Placeholder | undefined {
  const [, inside = ''] = /^\{(.*)\}$/.exec(part) ?? [];
  const key = inside.startsWith('label:') ? inside.slice('label:'.length) : '';
  if (isLabelKey(key)) return { name: 'label', key };
  const name = plainNames.find((each) => each === inside);
  return name && { name };
}

const shells: ReadonlySet<string> = new Set(['sh', 'ash', 'bash', 'dash', 'fish', 'ksh', 'mksh', 'zsh']);

/** What would make values more than arguments, or undefined. */
export function findDanger(words: readonly Word[]): string | undefined {
  const [program = []] = words;
  if (program.length !== 1 || typeof program[0] !== 'string' || !program[0].startsWith('/')) {
    return 'the first word is the program: allowed is an absolute path without placeholders';
  }
  const script = words.find((word, at) => isScript(words, at) && hasPlaceholder(word));
  return (
    script && 'a shell would read the value as its own words: give it as one more word, and use "$1" in the script'
  );
}

/** Whether the word behind `-c` is for a shell. */
function isScript(words: readonly Word[], at: number): boolean {
  const [option, ...others] = words
    .slice(0, at)
    .reverse()
    .map(([text]) => (typeof text === 'string' ? text : ''));
  return /^-[A-Za-z]*c$/.test(option ?? '') && others.some((text) => shells.has(text.replace(/^.*\//, '')));
}

export function hasPlaceholder(word: Word): boolean {
  return word.some((part) => typeof part !== 'string');
}

/** Whether any of the words says if it is a ban or its end. */
export function saysVerb(words: readonly Word[]): boolean {
  return words.flat().some((part) => typeof part !== 'string' && part.name === 'verb');
}
