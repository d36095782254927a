import { permissions } from '../../../shared/frames.ts';
import type { Schema } from '../parameter.ts';
import { count, end, instant, listedReportSchema, listOf, objectOf, text, unwrittenSchema } from './schemas.ts';

const flag: Schema = { type: 'boolean' };
/** Which members it has depends on what it tells of. */
const open: Schema = { type: 'object' };
const state: Schema = { type: 'object', properties: { kind: text }, required: ['kind'] };

const where = objectOf({ network: text, where: text });

export const whitelistSchema = objectOf({
  configured: listOf(text),
  fromFile: listOf(text),
  timed: listOf(objectOf({ network: text, addedAt: instant, endsAt: end, note: text })),
  names: listOf(
    objectOf({
      name: text,
      networks: listOf(text),
      answered: flag,
      ...{ endsAt: end, since: end, nextLookAt: end, note: text },
      trouble: { type: ['string', 'null'] },
    }),
  ),
});

export const whitelistedSchema = objectOf({ network: text, whitelistedBy: { oneOf: [where, { type: 'null' }] } });

export const allowedSchema = objectOf(
  { network: text, endsAt: end, lifted: listOf(listedReportSchema) },
  { unwritten: unwrittenSchema },
);

export const disallowedSchema = objectOf(
  { network: text, outcome: { enum: ['done', 'failed'] }, removed: flag },
  { still: where, unwritten: unwrittenSchema },
);

const rights = {
  name: text,
  may: listOf({ enum: permissions }),
  jails: listOf(text),
  follows: listOf(text),
  from: listOf(text),
  description: text,
};

export const clientSchema = objectOf(
  {
    ...rights,
    addedAt: instant,
    keys: listOf(objectOf({ id: text, kind: { enum: ['frames', 'http'] }, endsAt: end })),
    reports: count,
    addresses: listOf(objectOf({ address: text, seenAt: instant })),
    ignoreip: objectOf({
      networks: listOf(text),
      leftOut: listOf(objectOf({ network: text, code: text })),
      protected: flag,
    }),
    connections: listOf(objectOf({ agent: text, since: instant }, { address: text })),
  },
  { lastSeen: instant, elsewhere: objectOf({ at: instant }, { address: text }) },
);

export const clientsSchema = objectOf({ clients: listOf(clientSchema) });

export const changedSchema = objectOf({ ...rights, leftOver: count });

export const revokedSchema = objectOf({ name: text, lifted: count });

export const handedOverSchema = objectOf(
  { name: text },
  {
    may: rights.may,
    jails: rights.jails,
    oldKeyEndsAt: instant,
    token: text,
    url: text,
    enrolment: text,
  },
);

/** What a firewall does not block, or does not let go, though it answers. */
const refusedNetwork = objectOf({ network: text, reason: text });

const firewall: Schema = {
  type: 'object',
  properties: {
    ...{ name: text, state, ours: count, theirs: count, leftOut: count, heldBack: count },
    ...{ shortOf: { enum: ['entries', 'bytes'] }, refused: count, unremoved: count },
    ...{ firstRefused: listOf(refusedNetwork), firstUnremoved: listOf(refusedNetwork) },
  },
  required: ['name', 'state', 'ours', 'theirs', 'leftOut', 'heldBack', 'refused', 'unremoved'],
};

const heldBackMembers = { code: text, detail: text };

const protectedSource = objectOf(
  { name: text, reason: text, kind: { enum: ['read', 'unread', 'waived'] }, networks: count },
  { failure: objectOf({ reason: text, forSeconds: count }) },
);

export const passSchema = objectOf(
  {
    outcome: { enum: ['done', 'failed'] },
    paused: flag,
    waitedMostSeconds: count,
    enforcers: listOf(firewall),
  },
  { unread: text, unwritten: unwrittenSchema },
);

export const statusSchema = objectOf(
  {
    version: text,
    uptimeSeconds: { type: 'integer' },
    paused: flag,
    bans: count,
    sequence: count,
    marks: listOf(text),
    record: state,
    clock: state,
    losses: listOf(open),
    clients: count,
    connected: listOf(objectOf({ client: text, agent: text, since: instant }, { address: text })),
    subscribers: listOf(objectOf({ client: text, enforcers: listOf(open) })),
    strangers: count,
    counters: { type: 'object', additionalProperties: count },
    protected: listOf(open),
    protectionGaps: listOf(open),
    sharedRefusals: listOf(open),
    protectedSources: listOf(protectedSource),
    heldBack: objectOf({ count, bans: listOf(objectOf({ network: text, ...heldBackMembers, hosts: listOf(text) })) }),
    doubtfulHosts: listOf(objectOf({ client: text, address: text, ban: text, connected: flag })),
    policy: open,
    enforcers: listOf(firewall),
    sources: listOf(open),
    notifications: listOf(open),
    reach: open,
    memoryBytes: count,
  },
  { escalation: open, unwritten: open },
);
