import { permissionsOf } from '../access/access-control.ts';
import type { ApiMethod } from './api-method.ts';

const VERSION = { version: '9.2.11', release: '9.2', repoid: '14a22df3' };

/** What any valid token may ask. */
export const ACCESS_METHODS: readonly ApiMethod[] = [
  { kind: 'other-query', verb: 'GET', path: 'version', parameters: {}, ask: () => VERSION },
  {
    kind: 'other-query',
    verb: 'GET',
    path: 'access/permissions',
    parameters: { path: { type: 'string', optional: true } },
    ask: ({ path }, caller) => permissionsOf(caller, path),
  },
];
