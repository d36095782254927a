import type { ApiRequestable } from 'proxmox-api';
import type { Clock } from '../../../shared/clock.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { parseAnswer } from '../../outgoing/answer-parts.ts';
import type { Endpoint } from '../../outgoing/endpoint.ts';
import type { Answer } from '../../outgoing/kept-connection.ts';
import { type OutgoingCall, OutgoingCalls } from '../../outgoing/outgoing-calls.ts';
import { unreadableAnswer } from '../answer-error.ts';
import { toEnforcerError } from '../outgoing-enforcer-error.ts';
import { refusePath } from './check-path.ts';
import { answerError } from './proxmox-errors.ts';

export interface ProxmoxTransportOptions {
  /** pveproxy, or on the node itself pvedaemon, which speaks plain HTTP on a loopback port. */
  readonly endpoint: Endpoint;
  /**
   * `USER@REALM!TOKENID=SECRET`. Asked for each new connection, so that a new token is taken up without a restart.
   *
   * @throws OutgoingError `credential`
   */
  readonly readToken: () => string;
  readonly clock: Clock;
  /** Of one call, headers and body together; {@link patienceMs} by default. */
  readonly callMaxMs?: number;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly template: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** pveproxy gives up on pvedaemon after 30 s; a call of ours ends a little later, headers and body together. */
const patienceMs = 35_000;
/** 50,000 entries are 3.6 MiB. */
const bodyMaxBytes = 33_554_432;
/** cluster.fw ends at 1 MiB, which are at most 131,072 entries; with two fields each has three parts. */
const entriesPartsMax = 400_000;
/** Of what is shorter: nodes, aliases, names of sets. */
const partsMax = 60_000;
const entriesPath = /\/cluster\/firewall\/ipset\/[^/]+$/;

/**
 * Carries the calls of proxmox-api, one at a time over one kept connection. What its own engine lacks: the server proves
 * itself before the token is sent, a time limit for the whole call, no redirects, no answer that is not understood taken
 * for success, and errors that say who must act.
 */
export class ProxmoxTransport {
  readonly #calls: OutgoingCalls;

  constructor({ endpoint, readToken, clock, callMaxMs = patienceMs }: ProxmoxTransportOptions) {
    this.#calls = new OutgoingCalls({
      endpoint,
      readHeaders: () => ({ authorization: `PVEAPIToken=${readToken()}` }),
      clock,
      callMaxMs,
      bodyMaxBytes,
      // Proxmox sends `Connection: close` with every answer that pvedaemon gave, and keeps the connection open all the same;
      // half the time of a small write goes into the TLS handshake that believing it costs. It ends it after failures.
      staysOpen: (status) => status < 400,
    });
  }

  /** What proxmox-api takes in place of its engine. Its calls end with `signal`, and reject with an EnforcerError. */
  requestable(signal: AbortSignal): ApiRequestable {
    return {
      doRequest: (method, path, template, parameters) =>
        this.#carry({ method: method.toUpperCase(), path, template, parameters: parameters ?? {} }, signal),
    };
  }

  /** Ends the connection. A later call opens a new one. */
  close(): void {
    this.#calls.close();
  }

  async #carry(call: Call, signal: AbortSignal): Promise<unknown> {
    const name = `${call.method} ${call.path}`;
    const refusal = refusePath(call.path, call.template);
    if (refusal !== undefined) throw new Error(`${name} is not sent: ${refusal}`);
    const answer = await this.#calls.call(messageOf(call), signal).catch((error: unknown) => {
      throw toEnforcerError(name, error);
    });
    return dataOf(name, call.path, answer);
  }
}

const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' };

/**
 * A body on DELETE is refused by Proxmox, so only POST and PUT have one. All may go out twice: a POST that was carried out then
 * hears that the entry exists, a DELETE succeeds.
 */
function messageOf({ method, path, parameters }: Call): OutgoingCall {
  const form = new URLSearchParams(
    Object.entries(parameters).map(([key, value]): [string, string] => [key, textOf(value)]),
  ).toString();
  if (method === 'POST' || method === 'PUT')
    return { method, target: path, headers: formHeaders, body: form, isRepeatable: true };
  return { method, target: form === '' ? path : `${path}?${form}`, isRepeatable: true };
}

/** Proxmox's forms know 1 and 0, not true and false. */
function textOf(value: unknown): string {
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

function dataOf(name: string, path: string, answer: Answer): unknown {
  if (answer.status !== 200) throw answerError(name, answer);
  const parsed = parseAnswer(answer.body, entriesPath.test(path) ? entriesPartsMax : partsMax);
  if (parsed.kind === 'unreadable') throw unreadableAnswer(name, `the answer ${parsed.why}`);
  const fields = parsed.value;
  if (!isObject(fields)) throw unreadableAnswer(name, 'the answer is not JSON, or not all of it');
  if (!Object.hasOwn(fields, 'data') || Object.hasOwn(fields, 'errors')) {
    throw unreadableAnswer(name, 'the answer is not of the form {"data": …}');
  }
  return fields['data'];
}
