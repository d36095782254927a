import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../shared/clock.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import type { Network } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';
import type { Clients } from '../clients.ts';
import { type Client, LedgerError } from '../ledger/ledger.ts';
import type { ClientRates } from '../policy/client-rates.ts';
import type { Answer } from './answer.ts';
import { authenticateCaller, type Credential } from './caller.ts';
import { httpLimits } from './http-limits.ts';
import { Arguments } from './parameter.ts';
import { Places } from './places.ts';
import { type Problem, problemAnswer } from './problem.ts';
import { readRequestBody } from './request-body.ts';
import type { ApiRequest, Outcome, Route } from './route.ts';
import { type Found, Router } from './router.ts';
import { sendAnswer } from './send-answer.ts';

/** Where a request comes from. */
export interface Origin {
  readonly address: Network | undefined;
  /** Its sender is known: the connection is no stranger's any more. */
  readonly welcome: () => void;
}

export interface HttpDoorOptions {
  readonly routes: readonly Route[];
  readonly clients: Clients;
  readonly rates: ClientRates;
  readonly clock: Clock;
  /** A request that was refused before it was looked at. */
  readonly onRejection: (problem: Problem, address: Network | undefined, client: string | undefined) => void;
  /** A fault of ours in handling a request. */
  readonly onFault: (error: unknown) => void;
}

/** A request on its way through the door. */
interface Entering {
  readonly message: IncomingMessage;
  readonly origin: Origin;
  readonly found: Found;
  readonly query: URLSearchParams;
}

const byHeader: readonly Credential[] = ['authorization'];

/**
 * Answers HTTP, cheapest check first.
 *
 * ```
 *   url ─▶ route ─▶ token ─▶ address ─▶ rate ─▶ permission ─▶ arguments ─▶ body ─▶ the route's own work
 *    └──────┴────────┴─────────┴─────────┴─────────┴─────────────┴──────────┴──▶ a problem
 * ```
 */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #router: Router;
  readonly #places = new Places();

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    this.#router = new Router(options.routes);
  }

  /** Never rejects: a fault is answered, and told. */
  async answer(message: IncomingMessage, response: ServerResponse, origin: Origin): Promise<void> {
    const url = message.url ?? '';
    const [path = '', search = ''] = split(url);
    const found = url.length > httpLimits.urlMaxCharacters ? tooLong : this.#find(message, path);
    if ('code' in found) {
      this.#refuse(found, origin, undefined);
      sendAnswer(message, response, problemAnswer(found), 'close');
      return;
    }
    const { answer, client } = await this.#enter({ message, origin, found, query: new URLSearchParams(search) });
    sendAnswer(message, response, answer, client === undefined ? 'close' : 'keep');
  }

  #find({ method = '' }: IncomingMessage, path: string): Found | Problem {
    const found = this.#router.find(method, path);
    if ('route' in found) return found;
    if (found.length === 0)
      return { code: 'not-found', detail: `${quote(path)}: there is nothing here; / says what is` };
    return {
      code: 'method-not-allowed',
      detail: `${quote(method)}: allowed here are ${[...new Set(found)].join(', ')}`,
    };
  }

  async #enter(entering: Entering): Promise<{ readonly answer: Answer; readonly client?: Client }> {
    const { route } = entering.found;
    const refuse = route.refuse ?? problemAnswer;
    const client = route.access === 'anybody' ? undefined : this.#identify(entering, route.credentials ?? byHeader);
    if (client !== undefined && 'code' in client) {
      this.#refuse(client, entering.origin, undefined);
      return { answer: refuse(client) };
    }
    const outcome = await this.#admit(entering, client);
    if ('answer' in outcome) return { answer: outcome.answer, ...(client === undefined ? {} : { client }) };
    this.#refuse(outcome.problem, entering.origin, client?.name);
    return { answer: refuse(outcome.problem), ...(client === undefined ? {} : { client }) };
  }

  #identify({ message, origin, query }: Entering, ways: readonly Credential[]): Client | Problem {
    const { clients, clock } = this.#options;
    const presented = { headers: message.headers, query, address: origin.address };
    return authenticateCaller(presented, ways, { clients, now: clock.now() });
  }

  async #admit(entering: Entering, client: Client | undefined): Promise<Outcome> {
    if (client === undefined) return this.#carryOut(entering, client);
    const { name } = client;
    if (!this.#isInRate(name)) return refused('rate-limited', `${name} asks more often than a client may`);
    const leave = this.#places.take(name, entering.message.socket);
    if (leave === undefined)
      return refused('rate-limited', `${name} has as many requests or connections at once as a client may`);
    entering.origin.welcome();
    try {
      return await this.#carryOut(entering, client);
    } finally {
      leave();
    }
  }

  #isInRate(client: string): boolean {
    const nowMs = this.#options.clock.elapsed();
    const rate = this.#options.rates.of(client, nowMs);
    return rate.frames.take(1, nowMs) && rate.events.take(1, nowMs);
  }

  async #carryOut(entering: Entering, client: Client | undefined): Promise<Outcome> {
    try {
      const request = await readRequest(entering);
      return 'problem' in request ? request : await handle(entering.found.route, request, client);
    } catch (error) {
      if (error instanceof ArgumentError) return refused('bad-argument', error.message);
      if (error instanceof LedgerError)
        return refused('ledger-unavailable', 'the record cannot be read or written now');
      this.#options.onFault(error);
      return refused('internal-error', 'the server has a fault; its log says more');
    }
  }

  #refuse(problem: Problem, { address }: Origin, client: string | undefined): void {
    this.#options.onRejection(problem, address, client);
  }
}

const tooLong: Problem = {
  code: 'too-large',
  detail: `path and query have more than ${httpLimits.urlMaxCharacters} characters`,
};

function split(url: string): [path: string, search: string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

async function readRequest({ message, origin, found, query }: Entering): Promise<ApiRequest | { problem: Problem }> {
  const { route, parts } = found;
  const path = new Arguments(parts);
  const given = readQuery(query, route);
  if (given === undefined) return refused('bad-argument', 'an argument of the query stands twice');
  const wrong = path.findWrong(route.path ?? []) ?? given.findWrong(route.query ?? []);
  if (wrong !== undefined) return refused('bad-argument', wrong);
  const body = await readRequestBody(message, route.takes !== undefined);
  if ('problem' in body) return body;
  return { path, query: given, body: body.value, address: origin.address };
}

/** @returns undefined when an argument stands twice: who should say which of them counts? */
function readQuery(query: URLSearchParams, { credentials = byHeader }: Route): Arguments | undefined {
  const entries = [...query].filter(([name]) => !(name === 'token' && credentials.includes('query')));
  const texts = new Map(entries);
  return texts.size === entries.length ? new Arguments(texts) : undefined;
}

function handle(route: Route, request: ApiRequest, client: Client | undefined): Outcome | Promise<Outcome> {
  if (route.access === 'anybody') return route.handle(request);
  if (client === undefined) throw new Error(`${route.url} needs a client`);
  const { access } = route;
  if (access === 'every-client' || access.some((permission) => client.may.includes(permission)))
    return route.handle(request, client);
  return refused('not-permitted', `${client.name} may ${client.may.join(', ')}; this needs ${access.join(' or ')}`);
}

function refused(code: Problem['code'], detail: string): { readonly problem: Problem } {
  return { problem: { code, detail } };
}
