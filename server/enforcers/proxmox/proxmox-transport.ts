import type { ApiRequestable } from 'proxmox-api';
import type { Clock } from '../../../shared/clock.ts';
import { parseObject } from '../../../shared/sealed-channel.ts';
import { refusePath } from './check-path.ts';
import { EndedEarlyError, KeptConnection, type Message } from './kept-connection.ts';
import { authorityOf, connectTo, type ProxmoxEndpoint } from './proxmox-endpoint.ts';
import { type Answer, answerError, connectionError, unreadableAnswer } from './proxmox-errors.ts';

export interface ProxmoxTransportOptions {
  readonly endpoint: ProxmoxEndpoint;
  /**
   * `USER@REALM!TOKENID=SECRET`. Asked for each new connection, so that a new token is taken up without a restart.
   *
   * @throws CredentialError
   */
  readonly readToken: () => string;
  readonly clock: Clock;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly template: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** pveproxy gives up on pvedaemon after 30 s; a call of ours ends a little later, headers and body together. */
const callMaxMs = 35_000;

/**
 * Carries the calls of proxmox-api, one at a time over one kept connection. What its own engine lacks: the server proves
 * itself before the token is sent, a time limit for the whole call, no redirects, no answer that is not understood taken
 * for success, and errors that say who must act.
 */
export class ProxmoxTransport {
  readonly #options: ProxmoxTransportOptions;
  #connection: KeptConnection | undefined;
  #lastCall: Promise<unknown> = Promise.resolve();

  constructor(options: ProxmoxTransportOptions) {
    this.#options = options;
  }

  /** What proxmox-api takes in place of its engine. Its calls end with `signal`, and reject with an EnforcerError. */
  requestable(signal: AbortSignal): ApiRequestable {
    return {
      doRequest: (method, path, template, parameters) => {
        const call = { method: method.toUpperCase(), path, template, parameters: parameters ?? {} };
        const turn = this.#lastCall.then(() => this.#carry(call, signal));
        this.#lastCall = turn.catch(() => undefined);
        return turn;
      },
    };
  }

  /** Ends the connection. A later call opens a new one. */
  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #carry(call: Call, signal: AbortSignal): Promise<unknown> {
    const name = `${call.method} ${call.path}`;
    const refusal = refusePath(call.path, call.template);
    if (refusal !== undefined) throw new Error(`${name} is not sent: ${refusal}`);
    // Not AbortSignal.any: on Node 20 each use of it stays in the memory of a signal that lives on.
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    const cancel = this.#options.clock.after(callMaxMs, end);
    if (signal.aborted) end();
    try {
      return dataOf(name, await this.#exchange(messageOf(call), ending.signal));
    } catch (error) {
      const isLate = ending.signal.aborted && !signal.aborted;
      throw connectionError(name, isLate ? new Error(`no answer in ${callMaxMs / 1000} s`) : error);
    } finally {
      cancel();
      signal.removeEventListener('abort', end);
    }
  }

  /**
   * A server may end a connection in the very moment in which the next request is on its way: at its own count, after its
   * idle time, or because it replaces a worker. So a request that meets the end of a connection used before goes out once
   * more, on a new one. That is safe even if it was carried out: a POST then hears that the entry exists, a DELETE succeeds.
   */
  async #exchange(message: Message, signal: AbortSignal): Promise<Answer> {
    const connection = await this.#connected(signal);
    const wasUsed = connection.isUsed;
    try {
      return await this.#send(connection, message, signal);
    } catch (error) {
      if (!(wasUsed && error instanceof EndedEarlyError)) throw error;
      return await this.#send(await this.#connected(signal), message, signal);
    }
  }

  async #send(connection: KeptConnection, message: Message, signal: AbortSignal): Promise<Answer> {
    try {
      return await connection.exchange(message, signal);
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  async #connected(signal: AbortSignal): Promise<KeptConnection> {
    if (this.#connection?.isUsable) return this.#connection;
    this.close();
    const { endpoint, readToken, clock } = this.#options;
    const authorization = `PVEAPIToken=${readToken()}`;
    const socket = await connectTo(endpoint, signal);
    this.#connection = new KeptConnection(socket, { host: authorityOf(endpoint), authorization }, clock);
    return this.#connection;
  }
}

/** A body on DELETE is refused by Proxmox, so only POST and PUT have one. */
function messageOf({ method, path, parameters }: Call): Message {
  const form = new URLSearchParams(
    Object.entries(parameters).map(([key, value]): [string, string] => [key, textOf(value)]),
  ).toString();
  if (method === 'POST' || method === 'PUT') return { method, target: path, body: form };
  return { method, target: form === '' ? path : `${path}?${form}` };
}

/** Proxmox's forms know 1 and 0, not true and false. */
function textOf(value: unknown): string {
  return typeof value === 'boolean' ? String(Number(value)) : String(value);
}

function dataOf(name: string, answer: Answer): unknown {
  if (answer.status !== 200) throw answerError(name, answer);
  const fields = parseObject(answer.body);
  if (fields === undefined) throw unreadableAnswer(name, 'the answer is not JSON, or not all of it');
  if (!Object.hasOwn(fields, 'data') || Object.hasOwn(fields, 'errors')) {
    throw unreadableAnswer(name, 'the answer is not of the form {"data": …}');
  }
  return fields['data'];
}
