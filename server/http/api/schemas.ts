import type { Schema } from '../parameter.ts';

/** JSON Schemas (2020-12, as OpenAPI 3.1 takes them) of what the API answers with. Instants are milliseconds since the epoch. */
export const text: Schema = { type: 'string' };
export const instant: Schema = { type: 'integer', minimum: 0 };
/** Null is permanent. */
export const end: Schema = { type: ['integer', 'null'], minimum: 0 };

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

export const count: Schema = { type: 'integer', minimum: 0 };

const reportMembers = {
  client: text,
  jail: text,
  source: { enum: ['jail', 'hand'] },
  reportedAt: instant,
  endsAt: end,
};
const labels = { type: 'object', additionalProperties: text };
const reportSchema = objectOf(reportMembers, { labels });

/** Why a ban that stands is not in force. */
const heldBackMembers = { code: text, detail: text };
export const heldBackSchema = objectOf(heldBackMembers);

const banMembers = { network: text, endsAt: end, reports: listOf(reportSchema) };
export const banSchema = objectOf(banMembers, { heldBack: heldBackSchema });

/** A report among those of other networks. */
export const listedReportSchema = objectOf({ network: text, ...reportMembers }, { labels });

const refusalSchema = objectOf({ code: text, detail: text });

/** An entry that is not ours and blocks the network; with `ledger` it is another ledger's, without the administrator's. */
const foreignSchema = objectOf(
  { enforcer: text, place: text, network: text, spelling: text, command: text },
  { comment: text, ledger: text },
);

function stateSchema(
  state: string,
  members: Readonly<Record<string, Schema>> = {},
  optional: Readonly<Record<string, Schema>> = {},
): Schema {
  return objectOf({ enforcer: text, state: { const: state }, ...members }, optional);
}

/** What a firewall does about one network. */
const enforcementSchema: Schema = {
  oneOf: [
    stateSchema('in-force', {}, { detail: text, foreign: listOf(foreignSchema) }),
    stateSchema('absent'),
    stateSchema('pending'),
    stateSchema('refused', { detail: text }),
    stateSchema('failing', { detail: text, forSeconds: count }),
    stateSchema('no-room', { detail: text }),
    stateSchema('whitelisted', heldBackMembers),
    stateSchema('held-back', heldBackMembers),
  ],
};

export const networkSchema = objectOf({
  network: text,
  banned: { type: 'boolean' },
  bans: listOf(banSchema),
  insideCount: { type: 'integer' },
  inside: listOf(banSchema),
  lifted: listOf(listedReportSchema),
  whitelistedBy: { type: ['string', 'null'] },
  refusal: { oneOf: [refusalSchema, { type: 'null' }] },
  hostIn: { type: ['string', 'null'], description: 'Whose address is in it: a ban of it is held back' },
  enforcement: listOf(enforcementSchema),
});

/** The decision holds in memory: the ledger does not take it yet. `keptIn` is the file that keeps it over a restart, null: none. */
export const unwrittenSchema = objectOf({ reason: text, keptIn: { type: ['string', 'null'] } });

export const recordedSchema = objectOf(
  {
    network: text,
    jail: text,
    verb: { enum: ['ban', 'unban', 'lift'] },
    outcome: { const: 'recorded' },
    banned: { type: 'boolean' },
  },
  {
    heldBack: heldBackSchema,
    unwritten: unwrittenSchema,
    foreign: { ...listOf(foreignSchema), description: 'Entries that are not ours and still block what was unbanned' },
  },
);

const next: Schema = { type: ['string', 'null'], description: 'The cursor of the next page; null on the last one' };

const listedBanSchema = objectOf(banMembers, { heldBack: heldBackSchema, enforcement: listOf(enforcementSchema) });
export const bansSchema = objectOf({ bans: listOf(listedBanSchema), count, next });

export const countsSchema = objectOf({
  of: { enum: ['standing', 'history'] },
  by: { enum: ['jail', 'client', 'network'] },
  counts: listOf(objectOf({ name: text, count })),
});

const historyKinds = ['reported', 'withdrawn', 'allowed', 'disallowed', 'enrolled', 'revoked', 'paused', 'resumed'];

export const historySchema = objectOf({
  history: listOf(
    objectOf(
      { sequence: count, at: instant, kind: { enum: historyKinds }, actor: text },
      {
        network: text,
        client: text,
        jail: text,
        source: { enum: ['jail', 'hand'] },
        endsAt: end,
        labels,
        reason: text,
      },
    ),
  ),
  next,
});
