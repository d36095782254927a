import { FrameError, field } from './field-reader.ts';
import type { SubscribeFrame } from './frames.ts';
import { isLabelKey } from './labels.ts';
import { limits } from './limits.ts';
import type { Family } from './network.ts';
import { countPatterns, type ReportFilter } from './report-filter.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What may stand in a pattern of jails, clients or values of labels, in which `*` stands for any characters. */
export const filterPattern = /^[A-Za-z0-9*%][A-Za-z0-9._@:/+ *%~-]{0,63}$/;
export const filterAlphabet =
  '1–64 of A-Z a-z 0-9 . _ @ : / + - * % ~ and blanks, beginning with a letter, a digit, * or %';
export const ledgerIdPattern = /^[A-Za-z0-9_-]{0,64}$/;

/** @throws FrameError */
export function parseSubscribe(fields: Fields): SubscribeFrame {
  return {
    type: 'subscribe',
    after: fields['after'] === null ? null : field.integer(fields, 'after', 0, Number.MAX_SAFE_INTEGER),
    ledger: field.text(fields, 'ledger', ledgerIdPattern, 'the id of a ledger, or empty'),
    own: fields['own'] === true,
    filters: parseFilters(fields),
  };
}

/** Each report is compared with every pattern. */
function parseFilters(fields: Fields): ReportFilter[] {
  const filters = field.list(fields, 'filters', { least: 0, most: limits.filtersMax }, parseFilter);
  const count = countPatterns(filters);
  if (count <= limits.filterPatternsMax) return filters;
  throw new FrameError('filters', count, `up to ${limits.filterPatternsMax} patterns in all`);
}

function parseFilter(item: unknown): ReportFilter {
  const fields = field.object(item, 'filters');
  const widest = field.integer(fields, 'widest', 0, 128);
  return {
    jails: parsePatterns(fields, 'jails'),
    clients: parsePatterns(fields, 'clients'),
    labels: parseLabelPatterns(field.object(fields['labels'], 'labels')),
    families: field.list(fields, 'families', { least: 0, most: 2 }, parseFamily),
    widest,
    narrowest: field.integer(fields, 'narrowest', widest, 128),
  };
}

function parsePatterns(fields: Fields, name: string): string[] {
  return field.list(fields, name, { least: 0, most: limits.filterPatternsMax }, (item) =>
    field.text({ [name]: item }, name, filterPattern, filterAlphabet),
  );
}

function parseLabelPatterns(fields: Fields): ReportFilter['labels'] {
  const keys = Object.keys(fields);
  const wrong = keys.find((key) => !isLabelKey(key));
  if (wrong !== undefined || keys.length > limits.labelsMax)
    throw new FrameError('labels', wrong ?? keys.length, 'labels');
  return Object.fromEntries(keys.map((key) => [key, parsePatterns(fields, key)]));
}

function parseFamily(item: unknown): Family {
  if (item === 4 || item === 6) return item;
  throw new FrameError('families', item, '4 or 6');
}
