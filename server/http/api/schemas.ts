import type { Schema } from '../parameter.ts';

/** JSON Schemas (2020-12, as OpenAPI 3.1 takes them) of what the API answers with. Instants are milliseconds since the epoch. */
const text: Schema = { type: 'string' };
const instant: Schema = { type: 'integer', minimum: 0 };
/** Null is permanent. */
const end: Schema = { type: ['integer', 'null'], minimum: 0 };

/** An object that has all of these members and no other, but for those that may be absent. */
export function objectOf(
  members: Readonly<Record<string, Schema>>,
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return {
    type: 'object',
    properties: { ...members, ...optional },
    required: Object.keys(members),
    additionalProperties: false,
  };
}

export function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

const reportMembers = {
  client: text,
  jail: text,
  source: { enum: ['jail', 'hand'] },
  reportedAt: instant,
  endsAt: end,
};
const labels = { type: 'object', additionalProperties: text };
const reportSchema = objectOf(reportMembers, { labels });

const banSchema = objectOf({ network: text, endsAt: end, reports: listOf(reportSchema) });

const refusalSchema = objectOf({ code: text, detail: text });
const enforcementSchema = objectOf(
  { enforcer: text, state: { enum: ['in-force', 'pending', 'absent', 'failing', 'paused'] } },
  { detail: text },
);

export const networkSchema = objectOf({
  network: text,
  banned: { type: 'boolean' },
  bans: listOf(banSchema),
  insideCount: { type: 'integer' },
  inside: listOf(banSchema),
  lifted: listOf(objectOf({ network: text, ...reportMembers }, { labels })),
  whitelistedBy: { type: ['string', 'null'] },
  refusal: { oneOf: [refusalSchema, { type: 'null' }] },
  enforcement: listOf(enforcementSchema),
});

export const recordedSchema = objectOf({
  network: text,
  jail: text,
  verb: { enum: ['ban', 'unban', 'lift'] },
  outcome: { const: 'recorded' },
  banned: { type: 'boolean' },
});
