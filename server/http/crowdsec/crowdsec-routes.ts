import type { Permission } from '../../../shared/frames.ts';
import { type Answer, writtenAnswer } from '../answer.ts';
import { costOfLooking } from '../api/cost-of-looking.ts';
import type { Credential } from '../caller.ts';
import { httpLimits } from '../http-limits.ts';
import { parameter, type Schema } from '../parameter.ts';
import { type Problem, statusOf } from '../problem.ts';
import type { ClientRoute, PublicRoute } from '../route.ts';
import { filterParameters, readFilter } from './decision-filter.ts';
import { DecisionList, listParameters } from './decision-list.ts';
import { DecisionStream, type DecisionStreamParts } from './decision-stream.ts';

const startup = parameter.anything('startup', 'true: everything, for a bouncer that has just started');

const decisionSchema: Schema = {
  type: 'object',
  properties: {
    duration: { type: 'string' },
    id: { type: 'integer' },
    origin: { type: 'string' },
    scenario: { type: 'string' },
    scope: { enum: ['Ip', 'Range'] },
    type: { const: 'ban' },
    value: { type: 'string' },
  },
  required: ['duration', 'id', 'origin', 'scenario', 'scope', 'type', 'value'],
  additionalProperties: false,
};
const decisionsSchema: Schema = { type: ['array', 'null'], items: decisionSchema };

/** What is the same for all: who may ask, how, and how a refusal is told. */
const common = {
  access: ['subscribe', 'operate'] satisfies Permission[],
  credentials: ['api-key'] satisfies Credential[],
  ignoresUnknown: true,
  waitsForRate: true,
  refuse: refuseAsCrowdsec,
} as const;

/** The real one is written with Go's gin, which sends who adds a slash elsewhere. */
function withoutSlash(url: string): PublicRoute {
  return {
    method: 'GET',
    url: `${url}/`,
    summary: `Moved to ${url}`,
    access: 'anybody',
    ignoresUnknown: true,
    status: 301,
    mediaTypes: ['text/html; charset=utf-8'],
    handle: ({ search }) => {
      const location = `${url}${search}`;
      const body = `<a href="${escapeHtml(location)}">Moved Permanently</a>.\n\n`;
      return { answer: { status: 301, headers: { location, 'content-type': 'text/html; charset=utf-8' }, body } };
    },
  };
}

/** As Go writes them (html.EscapeString). */
function escapeHtml(text: string): string {
  const written: Readonly<Record<string, string>> = {
    '&': '&amp;',
    "'": '&#39;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&#34;',
  };
  return text.replace(/[&'<>"]/g, (character) => written[character] ?? '');
}

const healthRoute: PublicRoute = {
  method: 'GET',
  url: '/health',
  summary: 'Whether the server is alive, as CrowdSec says it',
  access: 'anybody',
  gives: { type: 'object', properties: { status: { const: 'up' } }, required: ['status'], additionalProperties: false },
  handle: () => ({ answer: writtenAnswer(Buffer.from('{"status":"up"}')) }),
};

/** What anybody may ask CrowdSec's local API. */
export const crowdsecFront: readonly PublicRoute[] = [
  healthRoute,
  withoutSlash('/v1/decisions'),
  withoutSlash('/v1/decisions/stream'),
];

/** CrowdSec's local API, as far as its bouncers ask (https://docs.crowdsec.net, "Local API", Swagger). */
export function crowdsecRoutes(parts: DecisionStreamParts): readonly ClientRoute[] {
  const stream = new DecisionStream(parts);
  const list = new DecisionList(parts);
  return [
    {
      ...common,
      method: 'GET',
      url: '/v1/decisions/stream',
      summary: "CrowdSec's decision stream: what changed since this client asked last",
      query: [startup, ...filterParameters],
      gives: {
        type: 'object',
        properties: { deleted: decisionsSchema, new: decisionsSchema },
        required: ['deleted', 'new'],
        additionalProperties: false,
      },
      costs: ({ query }) => (query.get(startup) === 'true' ? costOfTelling(parts) : 0),
      handle: ({ query }, client) =>
        stream.answer(client, { isStartup: query.get(startup) === 'true', filter: readFilter(query) }),
    },
    {
      ...common,
      method: 'GET',
      url: '/v1/decisions',
      summary: "CrowdSec's decisions that stand: those that contain an address, or all that fit",
      query: [...listParameters, ...filterParameters],
      gives: decisionsSchema,
      costs: ({ query }) => (list.isLong(query) ? costOfTelling(parts) : 0),
      handle: ({ query }, client) => list.answer(client, query),
    },
    {
      ...common,
      method: 'POST',
      url: '/v1/usage-metrics',
      summary: "Takes what CrowdSec's newer bouncers count, and keeps nothing of it",
      discardsMaxBytes: httpLimits.discardedMaxBytes,
      status: 201,
      mediaTypes: [],
      handle: () => ({ answer: { status: 201, headers: {}, body: '' } }),
    },
  ];
}

/** A decision costs about so much more to tell than a ban to look at. */
const tellingByLooking = 16;

function costOfTelling({ standing }: DecisionStreamParts): number {
  return costOfLooking(tellingByLooking * standing.size);
}

/** Bouncers know no problem details. */
function refuseAsCrowdsec(problem: Problem): Answer {
  if (problem.code === 'unauthenticated' || problem.code === 'not-permitted')
    return messageAnswer('access forbidden', 403);
  return messageAnswer(problem.detail, statusOf(problem.code));
}

/** To the byte: some readers compare bodies as text. */
function messageAnswer(message: string, status: number): Answer {
  return { ...writtenAnswer(Buffer.from(JSON.stringify({ message }))), status };
}
