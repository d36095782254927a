import { jsonAnswer } from '../answer.ts';
import type { Credential } from '../caller.ts';
import type { Parameter, Schema } from '../parameter.ts';
import { type ProblemCode, statusOf } from '../problem.ts';
import type { ClientRoute, PublicRoute, Route } from '../route.ts';
import { objectOf, text } from './schemas.ts';

/** What every route may answer with, and every one that needs a token. */
const everywhere: readonly ProblemCode[] = ['bad-argument', 'malformed', 'too-large', 'internal-error'];
const withToken: readonly ProblemCode[] = ['unauthenticated', 'not-permitted', 'rate-limited'];

const json = 'application/json; charset=utf-8';
const problemJson = 'application/problem+json; charset=utf-8';

const securitySchemes: Readonly<Record<string, Schema>> = {
  bearer: { type: 'http', scheme: 'bearer', description: 'The token that client add NAME --http printed' },
  basic: { type: 'http', scheme: 'basic', description: 'The token as password, with any user name' },
  query: { type: 'apiKey', in: 'query', name: 'token', description: 'For readers that can do no other' },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
};
const schemesOf: Readonly<Record<Credential, readonly string[]>> = {
  authorization: ['bearer', 'basic'],
  query: ['query'],
  'api-key': ['apiKey'],
};

type Described = Omit<PublicRoute, 'handle'> | Omit<ClientRoute, 'handle'>;

/** Serves the description of all these routes, and of itself. */
export function openApiRoute(version: string, routes: readonly Route[]): PublicRoute {
  const description = {
    method: 'GET',
    url: '/api/v1/openapi.json',
    summary: 'This description, OpenAPI 3.1',
    access: 'anybody',
    gives: { type: 'object', required: ['openapi', 'info', 'paths'] },
  } as const;
  // Made once: it is as long as all else together, and anybody may ask for it.
  const answer = jsonAnswer(openApiDocument(version, [...routes, description]));
  return { ...description, handle: () => ({ answer }) };
}

/** An OpenAPI 3.1 document, made of nothing but what the routes say of themselves. */
function openApiDocument(version: string, routes: readonly Described[]): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const route of routes) {
    const path = paths[route.url] ?? {};
    path[route.method.toLowerCase()] = operationOf(route);
    paths[route.url] = path;
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'fail2networkban',
      version,
      description: 'Instants are milliseconds since the epoch. Each problem has a stable code.',
      license: { name: 'GPL-3.0-or-later', identifier: 'GPL-3.0-or-later' },
    },
    servers: [{ url: '/' }],
    paths,
    components: { securitySchemes },
  };
}

function operationOf(route: Described): Schema {
  const { method, url, summary, path = [], query = [] } = route;
  const words = url.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return {
    operationId: [method.toLowerCase(), ...words].join('-'),
    summary,
    description: accessOf(route),
    security: securityOf(route),
    parameters: [...path.map((each) => parameterOf(each, 'path')), ...query.map((each) => parameterOf(each, 'query'))],
    ...bodyOf(route),
    responses: { ...answersOf(route), ...problemsOf(route) },
  };
}

function accessOf({ access }: Described): string {
  if (access === 'anybody') return 'For anybody.';
  if (access === 'every-client') return 'For every client, which is shown what it may see.';
  return `Needs the permission ${access.join(' or ')}.`;
}

function securityOf(route: Described): readonly Schema[] {
  if (route.access === 'anybody') return [];
  const ways = (route.credentials ?? (['authorization'] as const)).flatMap((way) => schemesOf[way]);
  const needed = ways.map((way) => ({ [way]: [] }));
  return 'withoutQuery' in route ? [{}, ...needed] : needed;
}

function parameterOf({ name, description, schema }: Parameter<unknown>, place: 'path' | 'query'): Schema {
  return { name, in: place, required: place === 'path', description, schema };
}

function answersOf(route: Described): Schema {
  const { gives, status = 200, mediaTypes = ['text/plain; charset=utf-8'] } = route;
  const content =
    gives === undefined
      ? Object.fromEntries(mediaTypes.map((type) => [type, { schema: text }]))
      : { [json]: { schema: gives } };
  const isTagged = 'stateOf' in route && route.stateOf !== undefined;
  return {
    [status]: { description: 'Done', ...(Object.keys(content).length === 0 ? {} : { content }) },
    ...(isTagged ? { 304: { description: 'The asker has it already' } } : {}),
  };
}

/** The problems by their status, each with its codes. Where readers know no problem details, nothing is said of their form. */
function problemsOf({ access, problems = [], refuse }: Described): Schema {
  const codes = [...everywhere, ...(access === 'anybody' ? [] : withToken), ...problems];
  const byStatus = new Map<number, readonly ProblemCode[]>();
  for (const code of new Set(codes)) byStatus.set(statusOf(code), [...(byStatus.get(statusOf(code)) ?? []), code]);
  return Object.fromEntries(
    Array.from(byStatus, ([status, those]) => {
      const description = `Not done: ${those.join(', ')}`;
      if (refuse !== undefined) return [status, { description }];
      return [status, { description, content: { [problemJson]: { schema: problemSchema(status, those) } } }];
    }),
  );
}

function problemSchema(status: number, codes: readonly ProblemCode[]): Schema {
  return objectOf({ type: text, title: text, status: { const: status }, detail: text, code: { enum: codes } });
}

function bodyOf({ takes, discardsMaxBytes }: Described): object {
  if (discardsMaxBytes !== undefined) return { requestBody: { content: { '*/*': {} } } };
  return takes === undefined
    ? {}
    : { requestBody: { required: true, content: { 'application/json': { schema: takes } } } };
}
