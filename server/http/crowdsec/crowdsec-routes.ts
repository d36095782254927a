import type { Permission } from '../../../shared/frames.ts';
import { type Answer, jsonAnswer } from '../answer.ts';
import { costOfLooking } from '../api/cost-of-looking.ts';
import type { Credential } from '../caller.ts';
import { parameter, type Schema } from '../parameter.ts';
import { type Problem, statusOf } from '../problem.ts';
import type { ClientRoute } from '../route.ts';
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
    until: { type: 'string' },
    value: { type: 'string' },
  },
  required: ['duration', 'id', 'origin', 'scenario', 'scope', 'type', 'until', 'value'],
  additionalProperties: false,
};
const decisionsSchema: Schema = { type: ['array', 'null'], items: decisionSchema };

/** What is the same for all: who may ask, how, and how a refusal is told. */
const common = {
  access: ['subscribe', 'operate'] satisfies Permission[],
  credentials: ['api-key'] satisfies Credential[],
  ignoresUnknown: true,
  refuse: refuseAsCrowdsec,
} as const;

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
      handle: ({ query, connection }, client) =>
        stream.answer(client, { connection, isStartup: query.get(startup) === 'true', filter: readFilter(query) }),
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
      takes: { type: 'object' },
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
    return jsonAnswer({ message: 'access forbidden' }, 403);
  return jsonAnswer({ message: problem.detail }, statusOf(problem.code));
}
