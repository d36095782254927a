import type { IncomingHttpHeaders } from 'node:http';
import type { Network } from '../../shared/network.ts';
import type { Clients } from '../clients.ts';
import type { Client } from '../ledger/ledger.ts';
import { isFrom } from '../protection/known-hosts.ts';
import type { Problem } from './problem.ts';
import { fitsToken, keyIdOf } from './token.ts';

/** Where a request may carry its token. */
export type Credential =
  /** `Authorization: Bearer TOKEN`, or Basic with the token as password and any user name. */
  | 'authorization'
  /** `?token=TOKEN`, which proxies and logs may keep: for readers that can do no other. */
  | 'query'
  /** `X-Api-Key: TOKEN`, as CrowdSec's bouncers send it. */
  | 'api-key';

/** A token and where it comes from. */
export interface Presented {
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  readonly address: Network | undefined;
}

/** Who asks, and with which of its keys. */
export interface Caller {
  readonly client: Client;
  readonly keyId: string;
}

const unknown: Problem = {
  code: 'unauthenticated',
  detail:
    'no token, or one that is unknown or has ended; the server gives one by: fail2networkban-server client add NAME --http',
};

/**
 * Who asks. All that may be wrong with a token gets the same answer; whether the address fits is said only to its owner.
 *
 * @param now milliseconds since the epoch
 */
export function authenticateCaller(
  presented: Presented,
  ways: readonly Credential[],
  { clients, now }: { readonly clients: Clients; readonly now: number },
): Caller | Problem {
  const token = tokenOf(presented, ways);
  const id = token === undefined ? undefined : keyIdOf(token);
  if (token === undefined || id === undefined) return unknown;
  const client = clients.withKey(id);
  const key = client?.keys.find((each) => each.id === id && each.endsAt > now);
  if (client === undefined || key === undefined || !fitsToken(token, key)) return unknown;
  if (isFrom(client, presented.address)) return { client, keyId: id };
  const from = `${client.name} may come from ${client.from.join(', ')} only, not from ${presented.address ?? 'there'}`;
  return { code: 'not-permitted', detail: from };
}

const readers: Readonly<Record<Credential, (presented: Presented) => string | undefined>> = {
  authorization: ({ headers }) => authorizationOf(headers.authorization ?? ''),
  query: ({ query }) => query.get('token') ?? undefined,
  'api-key': ({ headers }) => textOf(headers['x-api-key']),
};

function tokenOf(presented: Presented, ways: readonly Credential[]): string | undefined {
  return ways.map((way) => readers[way](presented)).find((token) => token !== undefined);
}

/** RFC 6750 §2.1, RFC 7617 §2. */
function authorizationOf(header: string): string | undefined {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([^ ]+)$/.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return value;
    case 'basic': {
      const pair = Buffer.from(value, 'base64').toString('utf8');
      return pair.slice(pair.indexOf(':') + 1);
    }
    default:
      return undefined;
  }
}

function textOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
