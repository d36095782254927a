import { isObject } from '../../shared/sealed-channel.ts';

/** One server's part of what the agent answered: the agent is this program too, so only the outline is checked. */
export type ServerPart = Readonly<Record<string, unknown>> & { readonly server: string };

/** The parts of an answer `{"servers": [{"server": NAME, …}]}`. */
export function serverParts(answer: Readonly<Record<string, unknown>>): readonly ServerPart[] {
  return listOf(answer['servers']).filter(hasServer);
}

/** The objects of a list. */
export function listOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/**
 * A value as a text for a terminal, empty for what is absent. Names and reasons come from servers, and control characters
 * would be commands to the terminal.
 */
export function textOf(value: unknown): string {
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  return text.replace(/\p{Cc}/gu, '\u{fffd}');
}

function hasServer(part: Readonly<Record<string, unknown>>): part is ServerPart {
  return typeof part['server'] === 'string';
}
