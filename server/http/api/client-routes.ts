import { permissions } from '../../../shared/frames.ts';
import { clientAlphabet, clientPattern } from '../../../shared/names.ts';
import { covers, parseNetwork } from '../../../shared/network.ts';
import { quote } from '../../../shared/refusal.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import type { Client } from '../../ledger/ledger.ts';
import { jsonAnswer, withHeaders } from '../answer.ts';
import { parameter, type Schema } from '../parameter.ts';
import type { Problem } from '../problem.ts';
import type { ApiRequest, Outcome, Route } from '../route.ts';
import type { ApiParts } from './api.ts';
import { askVerb } from './ask-verb.ts';
import { type ClientBody, readClientBody } from './client-body.ts';
import { changedSchema, clientSchema, clientsSchema, handedOverSchema, revokedSchema } from './operator-schemas.ts';
import { listOf, objectOf, text } from './schemas.ts';

const name = parameter.matching('name', 'The name of a client', clientPattern, clientAlphabet);
const liftBans = parameter.flag('lift_bans', 'End its bans too');
const overlap = parameter.duration(
  'overlap',
  'For how long the old key goes on; a day when it is left out, 0s: not at all',
);

const access = ['operate'] as const;

const rights: Readonly<Record<string, Schema>> = {
  may: listOf({ enum: permissions }),
  jails: listOf(text),
  follows: listOf(text),
  from: listOf(text),
  description: text,
};
const addSchema = objectOf({ name: text }, { ...rights, http: { type: 'boolean' } });
const changeSchema = objectOf({}, rights);
const changeMembers = Object.keys(rights);
const addMembers = ['name', 'http', ...changeMembers];

/** Who may connect, and what each of them may do. */
export function clientRoutes(parts: ApiParts): readonly Route[] {
  return [
    {
      method: 'GET',
      url: '/api/v1/clients',
      summary: 'The clients, their rights, their keys without the secrets, and who of them is connected',
      access,
      gives: clientsSchema,
      handle: (_request, who) => askVerb(parts, who, { verb: 'client-list' }),
    },
    {
      method: 'POST',
      url: '/api/v1/clients',
      summary: 'Enroll a client; the answer holds its token, or its enrolment line, which nobody is shown again',
      access,
      takes: addSchema,
      gives: handedOverSchema,
      problems: ['ledger-unavailable'],
      handle: (request, who) =>
        withBody(request, addMembers, (body) => handOver(parts, who, { verb: 'client-add', args: { ...body } })),
    },
    {
      method: 'GET',
      url: '/api/v1/clients/{name}',
      summary: 'One client',
      access,
      path: [name],
      gives: clientSchema,
      problems: ['not-found'],
      handle: ({ path }, who) => showClient(parts, who, path.need(name)),
    },
    {
      method: 'PATCH',
      url: '/api/v1/clients/{name}',
      summary: 'Change what a client may do: only what is named. Nobody takes from itself what it needs to ask again',
      access,
      path: [name],
      takes: changeSchema,
      gives: changedSchema,
      problems: ['not-found', 'ledger-unavailable'],
      handle: (request, who) =>
        withBody(request, changeMembers, (body) => {
          const which = request.path.need(name);
          const problem = refuseUnknown(parts, which) ?? refuseOwnEnd(who, which, request, body);
          return problem ?? askVerb(parts, who, { verb: 'client-set', args: { ...body, name: which } });
        }),
    },
    {
      method: 'DELETE',
      url: '/api/v1/clients/{name}',
      summary: 'Revoke a client; nobody revokes itself',
      access,
      path: [name],
      query: [liftBans],
      gives: revokedSchema,
      problems: ['not-found', 'ledger-unavailable'],
      handle: ({ path, query }, who) => {
        const which = path.need(name);
        const problem = refuseUnknown(parts, which) ?? (which === who.name ? refuseOwn('revoke', 'revoke') : undefined);
        const args = { name: which, liftBans: query.get(liftBans) === true };
        return problem ?? askVerb(parts, who, { verb: 'client-revoke', args });
      },
    },
    {
      method: 'POST',
      url: '/api/v1/clients/{name}/rotate',
      summary: 'Give a client a new key; the answer holds it, and nobody is shown it again',
      access,
      path: [name],
      query: [overlap],
      gives: handedOverSchema,
      problems: ['not-found', 'ledger-unavailable'],
      handle: ({ path, query }, who) => {
        const which = path.need(name);
        const seconds = query.get(overlap);
        const args = { name: which, ...(seconds === undefined ? {} : { overlap: `${seconds}s` }) };
        return refuseUnknown(parts, which) ?? handOver(parts, who, { verb: 'client-rotate', args });
      },
    },
  ];
}

function refuseUnknown({ clients }: ApiParts, which: string): Refused | undefined {
  if (clients.get(which) !== undefined) return undefined;
  return { problem: { code: 'not-found', detail: `no client ${quote(which)} is enrolled` } };
}

type Refused = { readonly problem: Problem };

async function withBody(
  { body }: ApiRequest,
  known: readonly string[],
  work: (body: ClientBody) => Outcome | Promise<Outcome>,
): Promise<Outcome> {
  return await work(readClientBody(body, known));
}

/** What holds a secret is kept by no cache at all. */
async function handOver(parts: ApiParts, who: Client, asked: Parameters<typeof askVerb>[2]): Promise<Outcome> {
  const outcome = await askVerb(parts, who, asked);
  if ('problem' in outcome) return outcome;
  return { answer: withHeaders(outcome.answer, { 'cache-control': 'no-store' }) };
}

async function showClient({ verbsOf }: ApiParts, who: Client, which: string): Promise<Outcome> {
  const listed: unknown = await verbsOf(who.name).get('client-list')?.({});
  const clients = isObject(listed) && Array.isArray(listed['clients']) ? listed['clients'] : [];
  const found: unknown = clients.find((client: unknown) => isObject(client) && client['name'] === which);
  if (found === undefined) return { problem: { code: 'not-found', detail: `no client ${quote(which)} is enrolled` } };
  return { answer: jsonAnswer(found) };
}

/** A slip must not lock out who makes it: the operator at the server can do it. */
function refuseOwnEnd(who: Client, which: string, { address }: ApiRequest, { may, from }: ClientBody) {
  if (which !== who.name) return undefined;
  if (may !== undefined && !may.split(',').includes('operate')) return refuseOwn('take operate from', 'set');
  const networks = from === undefined || from === 'any' ? [] : from.split(',').map(parseNetwork);
  if (networks.length === 0) return undefined;
  const isHere = networks.some((network) => network !== undefined && address !== undefined && covers(network, address));
  return isHere ? undefined : refuseOwn('shut out', 'set');
}

function refuseOwn(what: string, verb: 'revoke' | 'set'): Refused {
  const detail = `a client cannot ${what} itself; on the server: fail2networkban-server client ${verb}`;
  return { problem: { code: 'not-permitted', detail } };
}
