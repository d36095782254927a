import { isObject } from '../../../shared/sealed-channel.ts';
import type { Answer } from '../ask.ts';
import { items, text } from './answer-text.ts';

const kinds: ReadonlyMap<string, string> = new Map([
  ['paused', 'panic'],
  ['resumed', 'resume'],
  ['lifted', 'unban'],
  ['allowed', 'allow add'],
  ['disallowed', 'allow remove'],
  ['name-allowed', 'allow add'],
  ['name-disallowed', 'allow remove'],
]);

/** What an answer says of decisions that hold in memory, because the ledger does not take them; nothing when it has all. */
export function unwrittenLines({ unwritten }: Answer): string[] {
  if (!isObject(unwritten)) return [];
  const { reason, keptIn, decisions } = unwritten;
  const which = items(decisions).map(nameDecision);
  const what = which.length === 0 ? 'done' : `in force: ${which.join(', ')}`;
  const kept =
    typeof keptIn === 'string'
      ? `until then ${keptIn} keeps it over a restart of the server`
      : 'no file could keep it either: a restart of the server forgets it';
  return [`${what}; NOT ON DISK YET: ${text(reason)}; written by itself as soon as the ledger can be; ${kept}`];
}

/** A decision as the operator gave it: `panic`, `unban 203.0.113.1`. */
export function nameDecision({ kind, network }: Answer): string {
  return `${kinds.get(text(kind)) ?? ''} ${text(network)}`.trim();
}
