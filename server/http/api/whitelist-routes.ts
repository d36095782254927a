import { noteAlphabet, notePattern } from '../../../shared/names.ts';
import { jsonAnswer } from '../answer.ts';
import { parameter } from '../parameter.ts';
import type { Route } from '../route.ts';
import type { ApiParts } from './api.ts';
import { askVerb } from './ask-verb.ts';
import { allowedSchema, disallowedSchema, whitelistedSchema, whitelistSchema } from './operator-schemas.ts';

const network = parameter.network('network', 'An address or CIDR; its slash may stand as it is or as %2F');
const duration = parameter.timeToLive('for', 'For how long; for ever when it is left out');
const note = parameter.matching('note', 'Why', notePattern, noteAlphabet);

const access = ['operate'] as const;

/** Networks that are never banned. */
export function whitelistRoutes(parts: ApiParts): readonly Route[] {
  const { whitelist } = parts;
  return [
    {
      method: 'GET',
      url: '/api/v1/whitelist',
      summary: 'The whitelist: what the configuration says, and what was added at run time',
      access,
      gives: whitelistSchema,
      handle: (_request, client) => askVerb(parts, client, { verb: 'allow-list' }),
    },
    {
      method: 'GET',
      url: '/api/v1/whitelist/{network}',
      summary: 'Whether a network is whitelisted, and by which entry',
      access,
      path: [network],
      gives: whitelistedSchema,
      handle: ({ path }) => {
        const which = path.need(network);
        const by = whitelist.overlapping(which);
        const entry = by === undefined ? null : { network: by, where: whitelist.whereabouts(by) };
        return { answer: jsonAnswer({ network: which, whitelistedBy: entry }) };
      },
    },
    {
      method: 'PUT',
      url: '/api/v1/whitelist/{network}',
      summary: 'Whitelist a network, which lifts every ban that overlaps it',
      access,
      path: [network],
      query: [duration, note],
      gives: allowedSchema,
      problems: ['too-wide', 'ledger-unavailable'],
      handle: ({ path, query }, client) => {
        const seconds = query.get(duration);
        const why = query.get(note);
        const args = {
          network: path.need(network),
          ...(seconds === undefined ? {} : { for: seconds === null ? 'permanent' : `${seconds}s` }),
          ...(why === undefined ? {} : { note: why }),
        };
        return askVerb(parts, client, { verb: 'allow-add', args });
      },
    },
    {
      method: 'DELETE',
      url: '/api/v1/whitelist/{network}',
      summary: 'Take an entry away that was added at run time; failed when another, as one of the configuration, stays',
      access,
      path: [network],
      gives: disallowedSchema,
      problems: ['ledger-unavailable'],
      handle: ({ path }, client) =>
        askVerb(parts, client, { verb: 'allow-remove', args: { network: path.need(network) } }),
    },
  ];
}
