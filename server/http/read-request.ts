import type { IncomingMessage } from 'node:http';
import type { Network } from '../../shared/network.ts';
import type { Credential } from './caller.ts';
import { refused } from './door-problems.ts';
import { Arguments } from './parameter.ts';
import type { Problem } from './problem.ts';
import { readRequestBody } from './request-body.ts';
import type { ApiRequest, Route } from './route.ts';
import type { Found } from './router.ts';

/** Where a token is looked for, unless a route says otherwise. */
export const byHeader: readonly Credential[] = ['authorization'];

/** What came, as it came. */
export interface Incoming {
  readonly message: IncomingMessage;
  readonly found: Found;
  readonly query: URLSearchParams;
  readonly address: Network | undefined;
}

/** Reads arguments and body, and says what is wrong with them. */
export async function readRequest(incoming: Incoming): Promise<ApiRequest | { readonly problem: Problem }> {
  const { message, found, query, address } = incoming;
  const { route, parts } = found;
  const path = new Arguments(parts);
  const given = readQuery(query, route);
  if (given === undefined) return refused('bad-argument', 'an argument of the query stands twice');
  const wrong = path.findWrong(route.path ?? []) ?? given.findWrong(route.query ?? [], route.ignoresUnknown);
  if (wrong !== undefined) return refused('bad-argument', wrong);
  const body = await readRequestBody(message, route);
  if ('problem' in body) return body;
  const search = /\?.*/.exec(message.url ?? '')?.[0] ?? '';
  return { path, query: given, search, body: body.value, address };
}

/** @returns undefined when an argument stands twice: who should say which of them counts? */
function readQuery(query: URLSearchParams, { credentials = byHeader, ignoresUnknown, query: known }: Route) {
  const texts = new Map<string, string>();
  for (const [name, text] of query) {
    if (name === 'token' && credentials.includes('query')) continue;
    const first = texts.get(name);
    if (first !== undefined && ignoresUnknown === undefined) return undefined;
    const isList = known?.some((each) => each.name === name && each.isList === true) === true;
    if (first === undefined) texts.set(name, text);
    else if (isList) texts.set(name, `${first},${text}`);
  }
  return new Arguments(texts);
}
