import type { ReportKey } from '../../ledger/ledger.ts';
import { remembered } from '../../remembered.ts';
import type { Arguments, Parameter } from '../parameter.ts';
import { scopeOf } from './decision.ts';

const scopes = listParameter('scopes', 'Ip, Range or both, in any case');
const scope = listParameter('scope', 'The same by its other name; scopes counts where both stand');
const origins = listParameter('origins', 'Clients that report, by their names');
const containing = listParameter('scenarios_containing', 'Texts of which the jail contains one, in any case');
const notContaining = listParameter('scenarios_not_containing', 'Texts of which the jail contains none, in any case');

/** What a bouncer may choose by, as it stands in its own configuration. */
export const filterParameters: readonly Parameter<unknown>[] = [scopes, scope, origins, containing, notContaining];

/** Whether a bouncer wants to hear of a report. */
export type DecisionFilter = (key: ReportKey) => boolean;

/** All conditions must fit; of the values of one, any. */
export function readFilter(query: Arguments): DecisionFilter {
  const conditions: DecisionFilter[] = [];
  const [wantedScopes, wantedOrigins] = [(query.get(scopes) ?? query.get(scope))?.map(lower), query.get(origins)];
  const [some, none] = [query.get(containing)?.map(lower), query.get(notContaining)?.map(lower)];
  if (wantedScopes !== undefined)
    conditions.push(({ network }) => wantedScopes.includes(scopeOf(network).toLowerCase()));
  if (wantedOrigins !== undefined) conditions.push(onceEach('client', (client) => wantedOrigins.includes(client)));
  if (some !== undefined) conditions.push(onceEach('jail', (jail) => isIn(jail, some)));
  if (none !== undefined) conditions.push(onceEach('jail', (jail) => !isIn(jail, none)));
  return (key) => conditions.every((fits) => fits(key));
}

/** There are few names and many reports, and a request may hold a thousand texts. */
function onceEach(key: 'client' | 'jail', fits: (name: string) => boolean): DecisionFilter {
  const isFitting = remembered(fits);
  return (report) => isFitting(report[key]);
}

function isIn(jail: string, texts: readonly string[]): boolean {
  const name = jail.toLowerCase();
  return texts.some((text) => name.includes(text));
}

function lower(text: string): string {
  return text.toLowerCase();
}

function listParameter(name: string, description: string): Parameter<readonly string[]> {
  return {
    name,
    description: `${description}, separated by commas`,
    schema: { type: 'string' },
    allowed: 'any text',
    isList: true,
    read: (text) => text.split(','),
  };
}
