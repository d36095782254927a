import type { Schema } from '../parameter.ts';
import { commentOf, type Format } from './format.ts';
import type { ListEntry } from './list-entry.ts';

/** One network a line, for whatever takes a list of addresses: aliases of OPNsense and pfSense, scripts. */
export const txt: Format = {
  name: 'txt',
  summary: 'What is to be blocked, one network a line; lines that begin with # are comments',
  contentType: 'text/plain; charset=utf-8',
  query: [],
  endsIn: 'nothing',
  overlaps: 'taken',
  lines: (list) => [commentOf(list), { entries: list.entries, lineOf: ({ network }) => network }],
};

/** `ends_at` is UTC, and empty for what never ends; the names of jails have no comma, blank or quote. */
export const csv: Format = {
  name: 'csv',
  summary: 'What is to be blocked, as CSV: network, end in UTC (empty: never), reports, jails',
  contentType: 'text/csv; charset=utf-8; header=present',
  query: [],
  endsIn: 'instants',
  overlaps: 'taken',
  lines({ entries }) {
    const instantOf = instantWriter();
    const restOf = reportsWriter((count, jails) => `,${count},${jails.join(' ')}`);
    const lineOf = ({ network, endsAt, reports }: ListEntry): string =>
      `${network},${instantOf(endsAt)}${restOf(reports)}`;
    return ['network,ends_at,reports,jails', { entries, lineOf }];
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
  lines({ entries, isPaused }) {
    const numberOf = numberWriter();
    const restOf = reportsWriter((count, jails) => `,"reports":${count},"jails":${JSON.stringify(jails)}}`);
    const lineOf = ({ network, endsAt, reports }: ListEntry): string => {
      const end = endsAt === Number.POSITIVE_INFINITY ? 'null' : numberOf(endsAt);
      return `{"network":"${network}","endsAt":${end}${restOf(reports)}`;
    };
    return [`{"paused":${isPaused},"count":${entries.length},"entries":[`, { entries, lineOf, separator: ',' }, ']}'];
  },
};

// Of a hundred thousand lines most of the text comes again and again, and is written once.

/** Writes how many reports there are, and each of their jails once. Nearly every entry has one report, of one of few jails. */
function reportsWriter(
  write: (count: number, jails: readonly string[]) => string,
): (reports: ListEntry['reports']) => string {
  const ofOne = new Map<string, string>();
  return (reports) => {
    const [first] = reports;
    if (first === undefined || reports.length > 1)
      return write(reports.length, [...new Set(reports.map(({ jail }) => jail))]);
    const known = ofOne.get(first.jail);
    if (known !== undefined) return known;
    const written = write(1, [first.jail]);
    ofOne.set(first.jail, written);
    return written;
  };
}

const threeDigits = Array.from({ length: 1_000 }, (_, value) => String(value).padStart(3, '0'));

/** Writes whole numbers in decimal. Node is slow with those beyond 2^31, and instants mostly begin alike. */
function numberWriter(): (value: number) => string {
  let last = { millions: 0, text: '' };
  return (value) => {
    const millions = Math.floor(value / 1_000_000);
    if (millions === 0) return String(value);
    if (millions !== last.millions) last = { millions, text: String(millions) };
    const rest = value - millions * 1_000_000;
    const thousands = Math.floor(rest / 1_000);
    return `${last.text}${threeDigits[thousands]}${threeDigits[rest - thousands * 1_000]}`;
  };
}

const dayMs = 86_400_000;
const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'));

/** Writes instants as `2026-01-31T08:05:00Z`, and what never ends as nothing. */
function instantWriter(): (at: number) => string {
  let last = { day: 0, date: dateOf(0) };
  return (at) => {
    if (at === Number.POSITIVE_INFINITY) return '';
    const day = Math.floor(at / dayMs);
    if (day !== last.day) last = { day, date: dateOf(day) };
    const seconds = Math.floor((at - day * dayMs) / 1_000);
    const minutes = Math.floor(seconds / 60);
    const hours = Math.floor(minutes / 60);
    return `${last.date}${twoDigits[hours]}:${twoDigits[minutes - hours * 60]}:${twoDigits[seconds - minutes * 60]}Z`;
  };
}

function dateOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 11);
}
