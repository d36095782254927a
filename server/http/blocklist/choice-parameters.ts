import type { Family } from '../../../shared/network.ts';
import { type Arguments, type Parameter, parameter } from '../parameter.ts';
import type { Choice } from './select-entries.ts';

const families: readonly Family[] = [4, 6];
const reporterGlobAllowed = '1–130 of A-Z a-z 0-9 . _ / - and * for any characters';
const reporterGlobPattern = /^[A-Za-z0-9*._/-]{1,130}$/;

export const family: Parameter<Family> = {
  name: 'family',
  schema: { type: 'string', enum: ['4', '6'] },
  description: 'IPv4 or IPv6 alone',
  allowed: '4, 6',
  read: (text) => families.find((each) => String(each) === text),
};
const jail = parameter.glob('jail', 'Only what jails of this pattern report, as nginx-*');
const excludedClient = parameter.matching(
  'exclude_client',
  'Not what clients of this pattern report, as the reader itself',
  reporterGlobPattern,
  reporterGlobAllowed,
);
const reportsMin = parameter.integer('min_reports', 'Only what has so many reports or more', 1, 10_000);
/** Networks that together are a whole CIDR become one. */
export const aggregate = parameter.flag(
  'aggregate',
  'Join networks that are a whole CIDR together, and leave out what another covers; the same addresses in fewer lines',
);

/** What every list takes. */
export const choiceParameters: readonly Parameter<unknown>[] = [family, jail, excludedClient, reportsMin, aggregate];

export function choiceOf(query: Arguments): Choice {
  return {
    family: query.get(family),
    jail: query.get(jail),
    excludedClient: query.get(excludedClient),
    reportsMin: query.get(reportsMin) ?? 1,
  };
}
