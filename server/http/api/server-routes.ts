import type { Route } from '../route.ts';
import type { ApiParts } from './api.ts';
import { askVerb } from './ask-verb.ts';
import { passSchema, statusSchema } from './operator-schemas.ts';

/** The server as a whole. */
export function serverRoutes(parts: ApiParts): readonly Route[] {
  return [
    {
      method: 'GET',
      url: '/api/v1/status',
      summary: 'The server, its record, its firewalls, who is connected, and how often what happened',
      access: ['operate'],
      gives: statusSchema,
      handle: (_request, client) => askVerb(parts, client, { verb: 'status' }),
    },
    passRoute(parts, 'reconcile', 'Compare every firewall now; waits for them up to ten seconds'),
    passRoute(parts, 'panic', 'Take every ban off every firewall, and enforce none until resume'),
    passRoute(parts, 'resume', 'Enforce bans again'),
  ];
}

function passRoute(parts: ApiParts, verb: 'reconcile' | 'panic' | 'resume', summary: string): Route {
  return {
    method: 'POST',
    url: `/api/v1/${verb}`,
    summary,
    access: ['operate'],
    gives: passSchema,
    problems: ['ledger-unavailable'],
    handle: (_request, client) => askVerb(parts, client, { verb }),
  };
}
