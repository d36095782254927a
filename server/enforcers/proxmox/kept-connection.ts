import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../../shared/clock.ts';
import { readBody } from '../../../shared/host/read-body.ts';
import type { Answer } from './proxmox-errors.ts';

/** A request as it goes out. */
export interface Message {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** A form. It is sent with its length: Proxmox refuses chunked bodies. */
  readonly body?: string;
}

/** The same for each request. */
interface CommonHeaders {
  readonly host: string;
  readonly authorization: string;
}

/** The connection ended before the answer began. */
export class EndedEarlyError extends Error {
  readonly code = 'ended-early';
}

/** Below the 100 after which pveproxy ends a connection (pveproxy.pm keep_alive). */
const requestsMax = 95;
/** Below the 5 s after which it ends a silent one (AnyEvent.pm timeout). */
const idleMaxMs = 4_000;
/** 50,000 entries are 3.6 MiB. */
const bodyMaxBytes = 33_554_432;

/**
 * A connection that is used for one request after the other. Proxmox sends `Connection: close` with every answer that
 * pvedaemon gave, and keeps the connection open all the same; half the time of a small write goes into the TLS handshake
 * that believing it costs.
 */
export class KeptConnection {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #socket: Socket;
  readonly #common: CommonHeaders;
  readonly #clock: Clock;
  #usedAtMs: number;
  #requests = 0;
  #ended = false;

  /** @param socket connected, and trusted */
  constructor(socket: Socket, common: CommonHeaders, clock: Clock) {
    this.#socket = socket;
    this.#common = common;
    this.#clock = clock;
    this.#usedAtMs = clock.elapsed();
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
    return this.#clock.elapsed() - this.#usedAtMs < idleMaxMs;
  }

  /**
   * @throws EndedEarlyError when the connection ends before the answer begins
   * @throws Error when it ends later, the answer is longer than 32 MiB, or `signal` is aborted
   */
  async exchange({ method, target, body }: Message, signal: AbortSignal): Promise<Answer> {
    this.#requests += 1;
    const headers = { ...this.#common, accept: 'application/json', ...formHeaders(body) };
    const outgoing = request({ agent: this.#agent, method, path: target, headers, signal });
    outgoing.end(body);
    const incoming = await responseTo(outgoing).catch((cause: unknown) => {
      throw signal.aborted ? cause : new EndedEarlyError('the connection ended without an answer', { cause });
    });
    const status = incoming.statusCode ?? 0;
    this.#ended = status >= 400;
    const answer = { status, reason: incoming.statusMessage ?? '', body: await readBody(incoming, bodyMaxBytes) };
    this.#usedAtMs = this.#clock.elapsed();
    return answer;
  }

  close(): void {
    this.#ended = true;
    this.#agent.destroy();
    this.#socket.destroy();
  }
}

function formHeaders(body: string | undefined): Readonly<Record<string, string | number>> {
  if (body === undefined) return {};
  return { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) };
}

function responseTo(outgoing: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    outgoing.once('response', (incoming) => {
      // Node has read "close" and would end the connection; the server ends it only after failures.
      outgoing.shouldKeepAlive = (incoming.statusCode ?? 0) < 400;
      resolve(incoming);
    });
    // Stays on: an error after the head of the answer also reaches the reader of the body.
    outgoing.on('error', reject);
    // What is neither an answer nor an error: a switch to another protocol (101).
    outgoing.once('close', () => reject(new Error('it closed')));
  });
}
