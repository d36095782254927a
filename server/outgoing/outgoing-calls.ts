import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import { Serial } from '../../shared/serial.ts';
import { authorityOf, connectTo, type Endpoint } from './endpoint.ts';
import { type Answer, EndedEarlyError, KeptConnection, type Message } from './kept-connection.ts';
import { OutgoingError } from './outgoing-error.ts';

export interface OutgoingOptions {
  readonly endpoint: Endpoint;
  /**
   * Headers of every request, in lower case, credentials among them. Asked for each new connection, so that a new secret is
   * taken up without a restart.
   *
   * @throws OutgoingError `credential`
   */
  readonly readHeaders: () => Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** For a whole call: connecting, sending, all of the answer. */
  readonly callMaxMs: number;
  readonly bodyMaxBytes: number;
  /** Whether a connection goes on after an answer of this status, whatever its header says; by default the header decides. */
  readonly staysOpen?: (status: number) => boolean;
}

/** What is to be asked. */
export interface OutgoingCall extends Message {
  /**
   * Whether it may be carried out twice without harm. A server may end a kept connection in the very moment in which the
   * next request is on its way (at its own count, after its idle time); such a request goes out once more, on a new one.
   */
  readonly isRepeatable: boolean;
  /** Where this one may take longer than the others. */
  readonly maxMs?: number;
}

/** Calls that wait for their turn. Each is somebody who waits for the answer, so that more than a few are a fault. */
export const waitingCallsMax = 100;

/**
 * Calls to one server, one at a time in their order, over one connection that is kept as long as the server allows. The server
 * proves itself before anything is sent to it, redirects are not followed, and an answer has an end in time and in size.
 */
export class OutgoingCalls {
  readonly #options: OutgoingOptions;
  readonly #turns = new Serial();
  #connection: KeptConnection | undefined;
  #waiting = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  /**
   * @returns the answer, whatever its status
   * @throws OutgoingError when there is none, also when `signal` is aborted
   */
  async call(call: OutgoingCall, signal: AbortSignal): Promise<Answer> {
    if (this.#waiting >= waitingCallsMax) throw new OutgoingError('busy', `${waitingCallsMax} calls wait already`);
    this.#waiting += 1;
    try {
      return await this.#turns.inTurn(() => this.#carry(call, signal));
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Ends the connection. A later call opens a new one. */
  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #carry(call: OutgoingCall, signal: AbortSignal): Promise<Answer> {
    // Not AbortSignal.any: on Node 20 each use of it stays in the memory of a signal that lives on.
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    const maxMs = call.maxMs ?? this.#options.callMaxMs;
    const cancel = this.#options.clock.after(maxMs, end);
    if (signal.aborted) end();
    try {
      return await this.#exchange(call, ending.signal);
    } catch (error) {
      if (ending.signal.aborted && !signal.aborted)
        throw new OutgoingError('no-answer', `no answer in ${maxMs / 1000} s`);
      throw toOutgoingError(error);
    } finally {
      cancel();
      signal.removeEventListener('abort', end);
    }
  }

  async #exchange(call: OutgoingCall, signal: AbortSignal): Promise<Answer> {
    const connection = await this.#connected(signal);
    const mayRepeat = connection.isUsed && call.isRepeatable;
    try {
      return await this.#send(connection, call, signal);
    } catch (error) {
      if (!(mayRepeat && error instanceof EndedEarlyError)) throw error;
      return await this.#send(await this.#connected(signal), call, signal);
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
    const { endpoint, readHeaders } = this.#options;
    const headers = { host: authorityOf(endpoint), accept: 'application/json', ...readHeaders() };
    const socket = await connectTo(endpoint, signal);
    this.#connection = new KeptConnection(socket, { ...this.#options, headers });
    return this.#connection;
  }
}

function toOutgoingError(error: unknown): OutgoingError {
  if (error instanceof OutgoingError) return error;
  return new OutgoingError('no-answer', describeError(error), { cause: error });
}
