import { remembered } from '../../remembered.ts';
import type { Schema } from '../parameter.ts';
import { commentOf, type Format } from './format.ts';
import type { LineBytes } from './line-bytes.ts';
import type { ListEntry } from './list-entry.ts';
import { instantWriter } from './write-times.ts';

/** One network a line, for whatever takes a list of addresses: aliases of OPNsense and pfSense, scripts. */
export const txt: Format = {
  name: 'txt',
  summary: 'What is to be blocked, one network a line; lines that begin with # are comments',
  contentType: 'text/plain; charset=utf-8',
  query: [],
  endsIn: 'nothing',
  overlaps: 'taken',
  lines: (list) => [commentOf(list), { entries: list.entries, write: (to, { network }) => to.text(network) }],
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
    const writeInstant = instantWriter();
    const restOf = reportsWriter((count, jails) => `,${count},${jails.join(' ')}`);
    const write = (to: LineBytes, { network, endsAt, reports }: ListEntry): void => {
      to.text(network);
      to.text(',');
      if (endsAt !== Number.POSITIVE_INFINITY) writeInstant(to, endsAt);
      to.put(restOf(reports));
    };
    return ['network,ends_at,reports,jails', { entries, write }];
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
    const restOf = reportsWriter((count, jails) => `,"reports":${count},"jails":${JSON.stringify(jails)}`);
    const write = (to: LineBytes, { network, endsAt, reports }: ListEntry): void => {
      to.text(network);
      to.put(beforeEnd);
      if (endsAt === Number.POSITIVE_INFINITY) to.text('null');
      else to.number(endsAt);
      to.put(restOf(reports));
    };
    return [
      `{"paused":${isPaused},"count":${entries.length},"entries":[`,
      { entries, prefix: '{"network":"', write, suffix: '}', separator: ',' },
      ']}',
    ];
  },
};

const beforeEnd = Buffer.from('","endsAt":');

/** What is written of reports: how many, and each of their jails once. Nearly all entries have one report, of one of few jails. */
function reportsWriter(
  write: (count: number, jails: readonly string[]) => string,
): (reports: ListEntry['reports']) => Uint8Array {
  const ofOne = remembered((jail: string) => Buffer.from(write(1, [jail])));
  return (reports) => {
    const [first] = reports;
    if (first !== undefined && reports.length === 1) return ofOne(first.jail);
    return Buffer.from(write(reports.length, [...new Set(reports.map(({ jail }) => jail))]));
  };
}
