import type { Permission } from '../../shared/frames.ts';
import type { Network } from '../../shared/network.ts';
import type { Client } from '../ledger/ledger.ts';
import type { Answer } from './answer.ts';
import type { Credential } from './caller.ts';
import type { Arguments, Parameter, Schema } from './parameter.ts';
import type { Problem, ProblemCode } from './problem.ts';

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** A request whose sender may ask, and whose arguments are in order. */
export interface ApiRequest {
  readonly path: Arguments;
  readonly query: Arguments;
  /** The query as it came, with its `?`; empty without one. */
  readonly search: string;
  /** JSON as it came; an empty object when there was none. */
  readonly body: Readonly<Record<string, unknown>>;
  readonly address: Network | undefined;
}

/** What becomes of a request: answered, or refused. */
export type Outcome = Answered | { readonly problem: Problem };

export interface Answered {
  readonly answer: Answer;
  /** Called once, when the answer has left in full, body and all, or never will. */
  readonly onEnd?: ((hasLeft: boolean) => void) | undefined;
  /** Called once, when it has left, but its connection breaks before it is asked again: it may not have arrived. */
  readonly onBreak?: (() => void) | undefined;
}

/** One thing that can be asked for; the router finds it and the OpenAPI document describes it. */
export type Route = PublicRoute | ClientRoute;

/** Anybody may ask, without a token: its answer must give nothing away and cost next to nothing. */
export interface PublicRoute extends Description {
  readonly access: 'anybody';
  readonly handle: (request: ApiRequest) => Outcome | Promise<Outcome>;
}

/** Clients may ask: all of them, or those that have one of these permissions. */
export interface ClientRoute extends Description {
  readonly access: 'every-client' | readonly Permission[];
  /** What it takes of the client's rate, in events, beyond the one that every request takes. */
  readonly costs?: (request: ApiRequest, client: Client) => number;
  /** What costs more than the client has waits until it has, where readers take no refusal; others are refused. */
  readonly waitsForRate?: true;
  /**
   * As long as this text is the same, so is the answer to the same client with the same rights: it becomes the answer's
   * ETag, and who has that already costs no work. Undefined: the answer changes by what nobody counts.
   */
  readonly stateOf?: (request: ApiRequest) => string | undefined;
  readonly handle: (request: ApiRequest, client: Client) => Outcome | Promise<Outcome>;
}

interface Description {
  readonly method: Method;
  /** As `/api/v1/bans/{network}`: a last part in braces may hold slashes. */
  readonly url: string;
  readonly summary: string;
  /** By default the header `Authorization` alone. */
  readonly credentials?: readonly Credential[];
  /** The parts of the url in braces. */
  readonly path?: readonly Parameter<unknown>[];
  readonly query?: readonly Parameter<unknown>[];
  /** What anybody gets who asks without any argument. */
  readonly withoutQuery?: PublicRoute;
  /**
   * Arguments of the query that are not known, or stand twice, are no problem: where the API is another program's, which is
   * so too. Of one that stands twice the first counts, of a list all.
   */
  readonly ignoresUnknown?: true;
  /** Schema of the JSON object that it takes as body; without one it takes none. */
  readonly takes?: Schema;
  /** Bytes of a body that it takes, whatever its type and coding, and does not look at. */
  readonly discardsMaxBytes?: number;
  /** Schema of its answer in JSON; without one the answer is of another type. */
  readonly gives?: Schema;
  /** Status of its answer; 200 when nothing is said. */
  readonly status?: 201 | 301;
  /** Types of an answer that is no JSON; plain text when nothing is said. */
  readonly mediaTypes?: readonly string[];
  /** Problems that only some routes have, for the OpenAPI document. */
  readonly problems?: readonly ProblemCode[];
  /** A GET that changes something all the same: no page of another site may have a browser send it. */
  readonly changes?: true;
  /** How a problem is answered where readers know no problem details. */
  readonly refuse?: (problem: Problem) => Answer;
}
