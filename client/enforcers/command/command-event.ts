import type { Labels } from '../../../shared/labels.ts';
import type { Network } from '../../../shared/network.ts';
import type { Placeholder, Word } from './argument-words.ts';

/** What is known of a ban besides its network. */
export interface BanFacts {
  readonly jail: string;
  readonly client: string;
  readonly labels?: Labels | undefined;
  readonly reason?: string | undefined;
}

/** One call of a command. As JSON it is what the program reads on its standard input. */
export interface CommandEvent extends Required<BanFacts> {
  readonly verb: 'ban' | 'unban';
  readonly network: Network;
  /** Seconds that the ban lasts from now on; -1 is for ever, 0 at its end. */
  readonly ttl: number;
  readonly labels: Labels;
  readonly reason: string;
}

/** What a command is told when a ban is to begin or to end. Only what is named here leaves the agent. */
export function eventOf(
  call: Pick<CommandEvent, 'verb' | 'network' | 'ttl'>,
  { jail, client, labels = {}, reason = '' }: BanFacts,
): CommandEvent {
  return { ...call, jail, client, labels, reason };
}

/** Of a value in an argument; standard input has all of it. */
const valueMaxCharacters = 1_000;

/** The arguments of one call. */
export function fillWords(words: readonly Word[], event: CommandEvent): string[] {
  return words.map((word) => fillWord(word, event));
}

/**
 * A value may stand in the place of an argument, and must not be taken for an option there: the hyphens that would begin
 * such a word become `_`. A `{ttl}` of -1 is ours and stays.
 */
function fillWord(word: Word, event: CommandEvent): string {
  const [first] = word;
  const text = word.map((part) => (typeof part === 'string' ? part : textFor(part, event))).join('');
  const isOurs = first === undefined || typeof first === 'string' || first.name === 'ttl';
  return isOurs ? text : text.replace(/^-+/, (hyphens) => '_'.repeat(hyphens.length));
}

/** A label that the ban does not have is an empty text. */
function textFor(placeholder: Placeholder, event: CommandEvent): string {
  const value = placeholder.name === 'label' ? labelOf(event, placeholder.key) : String(event[placeholder.name]);
  return value.slice(0, valueMaxCharacters).replaceAll(/\p{Cc}/gu, ' ');
}

function labelOf({ labels }: CommandEvent, key: string): string {
  return Object.hasOwn(labels, key) ? (labels[key] ?? '') : '';
}
