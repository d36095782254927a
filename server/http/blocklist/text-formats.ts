import type { Schema } from '../parameter.ts';
import { describeList, type Format, type List } from './format.ts';
import type { ListEntry } from './list-entry.ts';

/** One network a line, for whatever takes a list of addresses: aliases of OPNsense and pfSense, scripts. */
export const txt: Format = {
  name: 'txt',
  summary: 'What is to be blocked, one network a line; lines that begin with # are comments',
  contentType: 'text/plain; charset=utf-8',
  query: [],
  endsIn: 'nothing',
  overlaps: 'taken',
  *lines(list) {
    yield `# ${describeList(list)}`;
    for (const { network } of list.entries) yield network;
  },
};

/** `ends_at` is UTC, and empty for what never ends; the names of jails have no comma, blank or quote. */
export const csv: Format = {
  name: 'csv',
  summary: 'What is to be blocked, as CSV: network, end in UTC (empty: never), reports, jails',
  contentType: 'text/csv; charset=utf-8; header=present',
  query: [],
  endsIn: 'instants',
  overlaps: 'taken',
  *lines({ entries }) {
    yield 'network,ends_at,reports,jails';
    const instant = instantWriter();
    for (const entry of entries)
      yield `${entry.network},${instant(entry.endsAt)},${entry.reports.length},${jailsOf(entry, ' ')}`;
  },
};

const entrySchema: Schema = {
  type: 'object',
  properties: {
    network: { type: 'string' },
    endsAt: { type: ['integer', 'null'], minimum: 0 },
    reports: { type: 'integer', minimum: 1 },
    jails: { type: 'array', items: { type: 'string' } },
  },
  required: ['network', 'endsAt', 'reports', 'jails'],
  additionalProperties: false,
};

/** Instants are milliseconds since the epoch, null for what never ends, as everywhere in the API. */
export const json: Format = {
  name: 'json',
  summary: 'What is to be blocked, as JSON: entries with network, endsAt (null: never), reports, jails',
  contentType: 'application/json; charset=utf-8',
  schema: {
    type: 'object',
    properties: {
      paused: { type: 'boolean' },
      count: { type: 'integer', minimum: 0 },
      entries: { type: 'array', items: entrySchema },
    },
    required: ['paused', 'count', 'entries'],
    additionalProperties: false,
  },
  query: [],
  endsIn: 'instants',
  overlaps: 'taken',
  *lines({ entries, isPaused }: List) {
    yield `{"paused":${isPaused},"count":${entries.length},"entries":[`;
    const last = entries.length - 1;
    for (const [index, entry] of entries.entries()) yield `${jsonOf(entry)}${index === last ? '' : ','}`;
    yield ']}';
  },
};

function jsonOf(entry: ListEntry): string {
  const { network, endsAt, reports } = entry;
  const end = endsAt === Number.POSITIVE_INFINITY ? 'null' : endsAt;
  return `{"network":"${network}","endsAt":${end},"reports":${reports.length},"jails":["${jailsOf(entry, '","')}"]}`;
}

/** Each jail once. Nearly every ban has one report. */
function jailsOf({ reports }: ListEntry, between: string): string {
  const [first] = reports;
  if (first !== undefined && reports.length === 1) return first.jail;
  return [...new Set(reports.map(({ jail }) => jail))].join(between);
}

const dayMs = 86_400_000;

/** Writes instants as `2026-01-31T08:05:00Z`, a date that comes again without reckoning: very many are written. */
function instantWriter(): (at: number) => string {
  let last = { day: 0, date: dateOf(0) };
  return (at) => {
    if (at === Number.POSITIVE_INFINITY) return '';
    const day = Math.floor(at / dayMs);
    const date = day === last.day ? last.date : dateOf(day);
    if (day !== last.day) last = { day, date };
    const seconds = Math.floor((at - day * dayMs) / 1_000);
    return `${date}${two(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}Z`;
  };
}

function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 11);
}

function two(value: number): string {
  return value < 10 ? `0${Math.floor(value)}` : `${Math.floor(value)}`;
}
