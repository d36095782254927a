import type { Client } from '../ledger/ledger.ts';
import { howToAllow } from '../policy/permission.ts';
import { httpLimits } from './http-limits.ts';
import type { Problem } from './problem.ts';
import type { ClientRoute } from './route.ts';

/** Why a request does not get through the door. */
export const tooLong: Problem = {
  code: 'too-large',
  detail: `path and query have more than ${httpLimits.urlMaxCharacters} characters`,
};

export const onlyWebSockets: Problem = { code: 'upgrade-required', detail: 'only WebSocket is served here' };

export const foreign: Problem = { code: 'not-permitted', detail: 'a browser asks this for a page of another site' };

export const pushing: Problem = { code: 'rate-limited', detail: 'one request at a time until a token was taken' };

export const stops: Problem = { code: 'unavailable', detail: 'the server stops' };

/** An outcome that is a problem. */
interface Refused {
  readonly problem: Problem;
}

/** Whether a client has one of the permissions that a route needs. */
export function mayAsk({ access }: ClientRoute, { may }: Client): boolean {
  return access === 'every-client' || access.some((permission) => may.includes(permission));
}

export function refuseCaller({ access }: ClientRoute, client: Client): Refused {
  const { name, may } = client;
  const needed = access === 'every-client' ? [] : access;
  const howTo = howToAllow(client, '--may', [...may, ...needed.slice(0, 1)]);
  return refused('not-permitted', `${name} may ${may.join(', ')}; this needs ${needed.join(' or ')}; ${howTo}`);
}

export function tooOften(client: string): Refused {
  return refused('rate-limited', `${client} asks more often than a client may`);
}

export function refused(code: Problem['code'], detail: string): Refused {
  return { problem: { code, detail } };
}
