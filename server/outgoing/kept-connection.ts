import { Agent, type ClientRequest, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../shared/clock.ts';
import { readBody } from '../../shared/host/read-body.ts';

/** A request as it goes out. */
export interface Message {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Beside those of all requests, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length: not every server takes chunks. */
  readonly body?: string;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly body: string;
}

export interface ConnectionOptions {
  /** Of every request, `host` among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** A longer answer is none. */
  readonly bodyMaxBytes: number;
  /** Whether the connection goes on after an answer of this status, whatever its header says; by default the header decides. */
  readonly staysOpen?: (status: number) => boolean;
  readonly clock: Clock;
}

/** The connection ended before the answer began. */
export class EndedEarlyError extends Error {
  readonly code = 'ended-early';
}

/** Below the 100 after which pveproxy ends a connection (pveproxy.pm keep_alive), and lighttpd did before 1.4.60. */
const requestsMax = 95;
/** Below the 5 s after which pveproxy (AnyEvent.pm timeout), lighttpd and Node end a silent one. */
const idleMaxMs = 4_000;

/** A connection that is used for one request after the other, as long as the other end lets it. */
export class KeptConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  #usedAtMs: number;
  #requests = 0;
  #ended = false;

  /** @param socket connected, and trusted */
  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#usedAtMs = options.clock.elapsed();
    socket.setNoDelay(true);
    // Between two requests nobody else listens.
    socket.on('error', () => this.close());
    this.#agent.createConnection = (_options, callback) => {
      if (!socket.destroyed) return socket;
      callback?.(new Error('the connection has ended'), socket);
      return undefined;
    };
  }

  /** Whether it has carried a request before, so that the server may be about to end it. */
  get isUsed(): boolean {
    return this.#requests > 0;
  }

  /** Whether it may carry one more request. */
  get isUsable(): boolean {
    if (this.#ended || this.#socket.destroyed || this.#requests >= requestsMax) return false;
    return this.#options.clock.elapsed() - this.#usedAtMs < idleMaxMs;
  }

  /**
   * @throws EndedEarlyError when the connection ends before the answer begins
   * @throws Error when it ends later, the answer is too long, or `signal` is aborted
   */
  async exchange(message: Message, signal: AbortSignal): Promise<Answer> {
    this.#requests += 1;
    const { method, target, body } = message;
    const headers = headersOf(this.#options.headers, message);
    const outgoing = request({ agent: this.#agent, method, path: target, headers, signal });
    outgoing.end(body);
    const incoming = await responseTo(outgoing, this.#options.staysOpen).catch((cause: unknown) => {
      throw signal.aborted ? cause : new EndedEarlyError('the connection ended without an answer', { cause });
    });
    this.#ended = !outgoing.shouldKeepAlive;
    const answer = {
      status: incoming.statusCode ?? 0,
      reason: incoming.statusMessage ?? '',
      body: await readBody(incoming, this.#options.bodyMaxBytes),
    };
    this.#usedAtMs = this.#options.clock.elapsed();
    return answer;
  }

  close(): void {
    this.#ended = true;
    this.#agent.destroy();
    this.#socket.destroy();
  }
}

function headersOf(common: Readonly<Record<string, string>>, { headers, body }: Message): OutgoingHttpHeaders {
  if (body === undefined) return { ...common, ...headers };
  return { ...common, ...headers, 'content-length': Buffer.byteLength(body) };
}

function responseTo(outgoing: ClientRequest, staysOpen: ConnectionOptions['staysOpen']): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', (incoming) => {
      // Node has read the header by now and would go by it.
      if (staysOpen !== undefined) outgoing.shouldKeepAlive = staysOpen(incoming.statusCode ?? 0);
      resolve(incoming);
    });
    // Stays on: an error after the head of the answer also reaches the reader of the body.
    outgoing.on('error', reject);
    // What is neither an answer nor an error: a switch to another protocol (101).
    outgoing.once('close', () => reject(new Error('it closed')));
  });
}
