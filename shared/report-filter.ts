import type { Labels } from './labels.ts';
import { fitsGlob } from './names.ts';
import { type Family, familyOf, type Network, prefixLengthOf } from './network.ts';

/** What a filter looks at. */
export interface Filterable {
  readonly network: Network;
  readonly client: string;
  readonly jail: string;
  readonly labels?: Labels | undefined;
}

/** Conditions on reports: each list that is not empty must fit, by any of its patterns (`*` stands for any characters). */
export interface ReportFilter {
  readonly jails: readonly string[];
  readonly clients: readonly string[];
  readonly labels: Readonly<Record<string, readonly string[]>>;
  readonly families: readonly Family[];
  /** Shortest and longest prefix, bits. */
  readonly widest: number;
  readonly narrowest: number;
}

/** Lets everything through. */
export const openFilter: ReportFilter = {
  jails: [],
  clients: [],
  labels: {},
  families: [],
  widest: 0,
  narrowest: 128,
};

/** How many patterns a report may have to be compared with. */
export function countPatterns(filters: readonly ReportFilter[]): number {
  const lists = filters.flatMap(({ jails, clients, labels }) => [jails, clients, ...Object.values(labels)]);
  return lists.reduce((count, { length }) => count + length, 0);
}

export function fitsFilter(filter: ReportFilter, report: Filterable): boolean {
  const length = prefixLengthOf(report.network);
  return (
    fitsAny(filter.jails, report.jail) &&
    fitsAny(filter.clients, report.client) &&
    (filter.families.length === 0 || filter.families.includes(familyOf(report.network))) &&
    length >= filter.widest &&
    length <= filter.narrowest &&
    Object.entries(filter.labels).every(([key, patterns]) => fitsLabel(patterns, report.labels, key))
  );
}

function fitsAny(patterns: readonly string[], name: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => fitsGlob(pattern, name));
}

function fitsLabel(patterns: readonly string[], labels: Labels | undefined, key: string): boolean {
  const value = labels !== undefined && Object.hasOwn(labels, key) ? labels[key] : undefined;
  return value !== undefined && fitsAny(patterns, value);
}
