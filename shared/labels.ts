import { limits } from './limits.ts';
import { isObject } from './sealed-channel.ts';

/** Short texts that travel with a report, as `{site: 'fra1'}`. */
export type Labels = Readonly<Record<string, string>>;

/** Labels end up in logs, filters and command lines; a value that begins with a dash could pass for an option. */
const keyPattern = /^[a-z][a-z0-9_-]{0,31}$/;
const valuePattern = /^[A-Za-z0-9][A-Za-z0-9._@:/+ -]{0,63}$/;

const keyAlphabet = '1–32 of a-z 0-9 _ -';

export const labelKeyAllowed = `${keyAlphabet}, beginning with a letter`;

export const labelsAllowed =
  `up to ${limits.labelsMax} of key=value, ${limits.labelsMaxCharacters} characters in all: a key has ${keyAlphabet}, ` +
  'a value 1–64 of A-Z a-z 0-9 . _ @ : / + - and blanks, both beginning with a letter (a value also with a digit)';

export function isLabelKey(key: string): boolean {
  return keyPattern.test(key);
}

/** Checks labels that came from outside; keys are sorted. @returns undefined when they are not {@link labelsAllowed} */
export function readLabels(value: unknown): Labels | undefined {
  if (!isObject(value)) return undefined;
  const entries = Object.entries(value);
  if (entries.length > limits.labelsMax) return undefined;
  const labels: [string, string][] = [];
  let characters = 0;
  for (const [key, text] of entries) {
    if (!keyPattern.test(key) || typeof text !== 'string' || !valuePattern.test(text)) return undefined;
    characters += key.length + text.length;
    labels.push([key, text]);
  }
  if (characters > limits.labelsMaxCharacters) return undefined;
  return Object.fromEntries(labels.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Reads `site=fra1,rack=7`. @returns undefined when it is not {@link labelsAllowed} */
export function parseLabels(text: string): Labels | undefined {
  const items = text.split(',').filter((item) => item !== '');
  const pairs = items.map((item): [string, string] => {
    const at = item.indexOf('=');
    return [item.slice(0, Math.max(0, at)), item.slice(at + 1)];
  });
  const labels = new Map(pairs);
  return labels.size === pairs.length ? readLabels(Object.fromEntries(labels)) : undefined;
}

/** Of {@link parseLabels}'s text what is right, and what is not: a wrong label costs itself. */
export function salvageLabels(text: string): { readonly labels: Labels; readonly wrong: readonly string[] } {
  let labels: Labels = {};
  const wrong: string[] = [];
  for (const item of text.split(',').filter((each) => each !== '')) {
    const one = parseLabels(item);
    const both = one && readLabels({ ...labels, ...one });
    if (both === undefined || Object.keys(both).length === Object.keys(labels).length) wrong.push(item);
    else labels = both;
  }
  return { labels, wrong };
}

/** `site=fra1,rack=7`, or nothing. */
export function formatLabels(labels: Labels | undefined): string {
  return Object.entries(labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
