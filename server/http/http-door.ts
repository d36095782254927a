import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, sleep } from '../../shared/clock.ts';
import { ArgumentError } from '../../shared/host/local-socket.ts';
import type { Network } from '../../shared/network.ts';
import { quote } from '../../shared/refusal.ts';
import { Serial } from '../../shared/serial.ts';
import type { Clients } from '../clients.ts';
import type { Soon } from '../in-turns.ts';
import { type Client, LedgerError } from '../ledger/ledger.ts';
import type { ClientRate, ClientRates } from '../policy/client-rates.ts';
import { notModified, withHeaders } from './answer.ts';
import { authenticateCaller, type Caller, type Credential } from './caller.ts';
import {
  foreign,
  mayAsk,
  onlyWebSockets,
  pushing,
  refuseCaller,
  refused,
  stops,
  tooLong,
  tooOften,
} from './door-problems.ts';
import { entityTagOf, fitsTag } from './entity-tag.ts';
import { isOfForeignPage } from './foreign-page.ts';
import { httpLimits } from './http-limits.ts';
import { Places } from './places.ts';
import { type Problem, problemAnswer } from './problem.ts';
import { byHeader, type Incoming, readRequest } from './read-request.ts';
import type { Answered, ApiRequest, ClientRoute, Outcome, Route } from './route.ts';
import { type Found, Router } from './router.ts';
import { sendAnswer } from './send-answer.ts';
import { UnreadAnswers } from './unread-answers.ts';
import { endWatch, watchBreak } from './watch-break.ts';
import { watchEnd } from './watch-end.ts';

/** Where a request comes from. */
export interface Origin {
  readonly address: Network | undefined;
  /** Its sender is known: the connection is no stranger's any more. */
  readonly welcome: () => void;
  /** It has asked before and waits for that answer still, while nobody knows its sender. */
  readonly isPushing: boolean;
}

export interface HttpDoorOptions {
  /** Undefined: HTTP is switched off, and only WebSocket is served. */
  readonly routes: readonly Route[] | undefined;
  readonly clients: Clients;
  readonly rates: ClientRates;
  readonly clock: Clock;
  readonly soon: Soon;
  /** Aborted as soon as the server stops: what it knows may be half of it from then on. */
  readonly stopping: AbortSignal;
  /** A client has asked, and its token was taken. */
  readonly onCaller: (caller: Caller, address: Network | undefined) => void;
  /** A request that was refused before it was looked at. */
  readonly onRejection: (problem: Problem, address: Network | undefined, client: string | undefined) => void;
  /** A fault of ours in handling a request. */
  readonly onFault: (error: unknown) => void;
}

/** A request on its way through the door. */
interface Entering extends Incoming {
  readonly origin: Origin;
}

/** A request that may be answered. */
interface Admitted {
  readonly request: ApiRequest;
  readonly url: string;
  /** The ETags that the asker has. */
  readonly known: string | undefined;
  readonly client: Client;
  readonly route: ClientRoute;
}

interface Left extends Answered {
  readonly client?: Client | undefined;
}

/**
 * Answers HTTP, cheapest check first.
 *
 * ```
 *   url ─▶ route ─▶ page ─▶ token ─▶ address ─▶ rate ─▶ permission ─▶ arguments ─▶ body ─▶ ETag ─▶ cost ─▶ turn ─▶ the route's own work
 *    └──────┴────────┴────────┴─────────┴─────────┴─────────┴─────────────┴──────────┴────────────────┴──▶ a problem
 * ```
 */
export class HttpDoor {
  readonly #options: HttpDoorOptions;
  readonly #places = new Places();
  readonly #unread = new UnreadAnswers();
  readonly #turns = new Serial();
  #router: Router | undefined;

  constructor(options: HttpDoorOptions) {
    this.#options = options;
    this.setRoutes(options.routes);
  }

  /** Other things can be asked for from now on, or nothing. */
  setRoutes(routes: HttpDoorOptions['routes']): void {
    this.#router = routes === undefined ? undefined : new Router(routes);
  }

  /** Never rejects: a fault is answered, and told. */
  async answer(message: IncomingMessage, response: ServerResponse, origin: Origin): Promise<void> {
    if (origin.isPushing) {
      // Not told: a flood would be as many lines in the log.
      await sendAnswer(message, response, problemAnswer(pushing), 'close');
      return;
    }
    const url = message.url ?? '';
    const [path = '', search = ''] = split(url);
    const found = this.#options.stopping.aborted ? stops : this.#find(message, path, search);
    if ('code' in found) {
      this.#refuse(found, origin, undefined);
      await sendAnswer(message, response, problemAnswer(found), 'close');
      return;
    }
    const query = new URLSearchParams(search);
    endWatch(message.socket);
    const left = await this.#enter({ message, origin, found, query, address: origin.address });
    const { answer, client } = left;
    watchAnswer(message, response, left);
    this.#holdWhileRead(message, response, { body: answer.body, client: client?.name ?? '' });
    await sendAnswer(message, response, answer, client === undefined ? 'close' : 'keep');
  }

  /** What is long waits for its reader in memory, with a share for each. */
  #holdWhileRead(
    message: IncomingMessage,
    response: ServerResponse,
    { body, client }: { readonly body: string | Buffer; readonly client: string },
  ): void {
    if (body.length <= httpLimits.pieceMaxBytes || message.method === 'HEAD') return;
    watchEnd(
      message,
      response,
      this.#unread.hold(client, body, () => message.socket.destroy()),
    );
  }

  #find({ method = '', url = '' }: IncomingMessage, path: string, search: string): Found | Problem {
    if (url.length > httpLimits.urlMaxCharacters) return tooLong;
    if (this.#router === undefined) return onlyWebSockets;
    const found = this.#router.find(method, path);
    if ('route' in found) return search === '' ? withoutQuery(found) : found;
    if (found.length === 0)
      return { code: 'not-found', detail: `${quote(path)}: there is nothing here; / says what is` };
    const allowed = [...new Set(found)].join(', ');
    return { code: 'method-not-allowed', detail: `${quote(method)}: allowed here are ${allowed}` };
  }

  async #enter(entering: Entering): Promise<Left> {
    const { route } = entering.found;
    const refuse = route.refuse ?? problemAnswer;
    const client = this.#identify(entering, route);
    if (client !== undefined && 'code' in client) {
      this.#refuse(client, entering.origin, undefined);
      return { answer: refuse(client) };
    }
    const outcome = await this.#admit(entering, client);
    if ('problem' in outcome) this.#refuse(outcome.problem, entering.origin, client?.name);
    return { client, ...('answer' in outcome ? outcome : { answer: refuse(outcome.problem) }) };
  }

  /** @returns undefined where anybody may ask */
  #identify({ message, origin, query }: Entering, route: Route): Client | Problem | undefined {
    const isChange = route.method !== 'GET' || route.changes === true;
    if (isChange && isOfForeignPage(message.headers)) return foreign;
    if (route.access === 'anybody') return undefined;
    const { clients, clock } = this.#options;
    const ways: readonly Credential[] = route.credentials ?? byHeader;
    const presented = { headers: message.headers, query, address: origin.address };
    const caller = authenticateCaller(presented, ways, { clients, now: clock.now() });
    if ('code' in caller) return caller;
    this.#options.onCaller(caller, origin.address);
    return caller.client;
  }

  async #admit(entering: Entering, client: Client | undefined): Promise<Outcome> {
    const { route } = entering.found;
    if (client === undefined || route.access === 'anybody')
      return this.#carryOut(entering, (request) => handlePublic(route, request));
    const { name } = client;
    const { clock } = this.#options;
    const rate = this.#rateOf(name);
    if (!rate.frames.take(1, clock.elapsed()) || !rate.events.take(1, clock.elapsed())) return tooOften(name);
    const leave = this.#places.take(name, entering.message.socket);
    if (leave === undefined)
      return refused('rate-limited', `${name} has as many requests or connections at once as a client may`);
    entering.origin.welcome();
    try {
      if (!mayAsk(route, client)) return refuseCaller(route, client);
      const { url = '', headers } = entering.message;
      const known = headers['if-none-match'];
      return await this.#carryOut(entering, (request) => this.#answerClient({ request, url, known, client, route }));
    } finally {
      leave();
    }
  }

  #rateOf(client: string): ClientRate {
    const { rates, clock } = this.#options;
    return rates.of(client, clock.elapsed());
  }

  async #carryOut(entering: Entering, handle: (request: ApiRequest) => Outcome | Promise<Outcome>): Promise<Outcome> {
    try {
      const request = await readRequest(entering);
      return 'problem' in request ? request : await handle(request);
    } catch (error) {
      if (error instanceof ArgumentError) return refused('bad-argument', error.message);
      if (error instanceof LedgerError)
        return refused('ledger-unavailable', 'the record cannot be read or written now');
      this.#options.onFault(error);
      return refused('internal-error', 'the server has a fault; its log says more');
    }
  }

  async #answerClient({ request, url, known, client, route }: Admitted): Promise<Outcome> {
    const { costs, stateOf } = route;
    const state = stateOf?.(request);
    const tag = state === undefined ? undefined : entityTagOf(state, client, url);
    if (tag !== undefined && fitsTag(known, tag)) return { answer: notModified(tag) };
    const cost = costs?.(request, client) ?? 0;
    if (!(await this.#pay(client, cost, route))) return tooOften(client.name);
    if (cost > 0) await this.#turn();
    const outcome = await route.handle(request, client);
    if (tag === undefined || 'problem' in outcome) return outcome;
    return { ...outcome, answer: withHeaders(outcome.answer, { etag: tag }) };
  }

  async #pay({ name }: Client, cost: number, { waitsForRate }: ClientRoute): Promise<boolean> {
    const { clock, stopping } = this.#options;
    const { events } = this.#rateOf(name);
    while (!events.take(cost, clock.elapsed())) {
      const waitMs = events.waitMs(cost, clock.elapsed());
      if (waitsForRate === undefined || waitMs > httpLimits.idleMaxMs || stopping.aborted) return false;
      await sleep(clock, waitMs, stopping);
    }
    return true;
  }

  /** What costs more begins one at a time: whatever arrived meanwhile, the bans of hosts above all, comes before the next. */
  #turn(): Promise<void> {
    return this.#turns.inTurn(() => new Promise((resolve) => this.#options.soon(resolve)));
  }

  #refuse(problem: Problem, { address }: Origin, client: string | undefined): void {
    this.#options.onRejection(problem, address, client);
  }
}

function watchAnswer(message: IncomingMessage, response: ServerResponse, { onEnd, onBreak }: Left): void {
  if (onEnd === undefined) return;
  watchEnd(message, response, (hasLeft) => {
    onEnd(hasLeft);
    if (hasLeft && onBreak !== undefined) watchBreak(message.socket, onBreak);
  });
}

function split(url: string): [path: string, search: string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

function withoutQuery({ route, parts }: Found): Found {
  return { route: route.withoutQuery ?? route, parts };
}

function handlePublic(route: Route, request: ApiRequest): Outcome | Promise<Outcome> {
  if (route.access !== 'anybody') throw new Error(`${route.url} needs a client`);
  return route.handle(request);
}
