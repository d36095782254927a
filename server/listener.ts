import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { sleep } from '../shared/clock.ts';
import { closeCodes } from '../shared/close-code.ts';
import { hasCode } from '../shared/errors.ts';
import { limits } from '../shared/limits.ts';
import { type Network, parseNetwork } from '../shared/network.ts';
import type { Origin } from './http/http-door.ts';
import { httpLimits } from './http/http-limits.ts';
import { type Stranger, Strangers } from './strangers.ts';
import { WebSockets, type WebSocketsOptions } from './web-sockets.ts';

/** Certificate chain and private key, PEM. */
export interface Certificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface ListenerOptions extends Omit<WebSocketsOptions, 'track'> {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  readonly port: number;
  /** Undefined serves without TLS. */
  readonly certificate: Certificate | undefined;
  /** Those of {@link httpLimits} when they are left out. */
  readonly httpTimes?: HttpTimes;
  /** Whether a host is known by this address. */
  readonly isKnown: (address: Network) => boolean;
  /** Answers what is no WebSocket. Never rejects. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, origin: Origin) => Promise<void>;
}

/** How long node:http lets a connection take that is no WebSocket, by its own clock; all in milliseconds. */
export interface HttpTimes {
  readonly headersMaxMs: number;
  readonly requestMaxMs: number;
  readonly idleMaxMs: number;
  /** How often it looks whether the first two are over. */
  readonly checkMs: number;
}

function serverOptions({ headersMaxMs, requestMaxMs, idleMaxMs, checkMs }: HttpTimes) {
  return {
    maxHeaderSize: httpLimits.headersMaxBytes,
    headersTimeout: headersMaxMs,
    requestTimeout: requestMaxMs,
    keepAliveTimeout: idleMaxMs,
    connectionsCheckingInterval: checkMs,
  };
}

/** Connections that the system takes for us until we look: a thousand hosts come back in one second. */
const backlog = 4_096;

/** How long a stop waits for the answers to the frames that were taken. */
export const answersMaxMs = 1_500;

/** The port: connections from their first packet on, and what they turn out to be, WebSocket or HTTP. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server | TlsServer;
  readonly #webSockets: WebSockets;
  readonly #strangers: Strangers;
  /** Frames and requests that wait for their answer: so many of each connection, or of each client. */
  readonly #unanswered = new Set<Promise<void>>();
  /** Those with a request that is not answered yet. */
  readonly #asking = new WeakSet<Stranger>();

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { certificate, clock, onTurnedAway, isKnown, httpTimes = httpLimits } = options;
    this.#strangers = new Strangers({ clock, isKnown, onTurnedAway });
    this.#server =
      certificate === undefined
        ? createHttpServer(serverOptions(httpTimes))
        : createHttpsServer({ ...certificate, ...serverOptions(httpTimes), minVersion: 'TLSv1.2' });
    this.#server.timeout = httpTimes.idleMaxMs;
    this.#server.maxConnections = limits.connectionsMax;
    this.#server.on('connection', (socket: Socket) => this.#strangers.admit(socket));
    this.#server.on('request', (request, response) => this.#request(request, response));
    this.#webSockets = new WebSockets({ ...options, track: (work) => this.#track(work) });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /**
   * @returns the port, which matters when 0 was asked for
   * @throws Error that names the settings when the port or the address cannot be had
   */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (cause: Error): void => reject(explainListening(this.#options, cause));
      this.#server.once('error', fail);
      const { port, host } = this.#options;
      this.#server.listen({ port, host, backlog }, () => {
        this.#server.off('error', fail);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : this.#options.port);
      });
    });
  }

  /** New connections get this certificate from now on. */
  setCertificate(certificate: Certificate): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext({ ...certificate, minVersion: 'TLSv1.2' });
  }

  get strangers(): number {
    return this.#strangers.count;
  }

  /** Takes no more connections nor frames, answers those that were taken, and ends the connections. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#webSockets.pauseAll();
    if (this.#unanswered.size > 0) await this.#answerTaken();
    this.#webSockets.endAll(closeCodes.goingAway, 'the server stops');
    this.#server.closeAllConnections();
    this.#strangers.endAll('the server stops');
    await closed;
  }

  /** A connection that has proved who it is keeps that, so it comes again without a stranger's place. */
  #request(request: IncomingMessage, response: ServerResponse): void {
    const stranger = this.#strangers.of(request.socket);
    const { remoteAddress = '' } = request.socket;
    const address = stranger?.address ?? parseNetwork(remoteAddress);
    const isPushing = stranger !== undefined && this.#asking.has(stranger);
    if (stranger !== undefined) this.#asking.add(stranger);
    const answered = this.#options
      .onRequest(request, response, { address, welcome: () => stranger?.leave(), isPushing })
      .finally(() => {
        if (stranger !== undefined && !isPushing) this.#asking.delete(stranger);
      });
    this.#track(answered);
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#unanswered.delete(tracked));
    this.#unanswered.add(tracked);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const stranger = this.#strangers.of(request.socket);
    if (stranger === undefined) socket.destroy();
    else this.#webSockets.upgrade(request, socket, head, stranger);
  }

  async #answerTaken(): Promise<void> {
    const over = new AbortController();
    const answered = Promise.all(this.#unanswered).then(() => over.abort());
    await Promise.race([answered, sleep(this.#options.clock, answersMaxMs, over.signal)]);
  }
}

/** No ConfigError, after which systemd would not try again: whoever holds the port may be about to end. */
function explainListening({ host, port }: ListenerOptions, cause: Error): Error {
  const address = host ?? 'all addresses';
  if (hasCode(cause, 'EADDRINUSE'))
    return new Error(`[server] port = ${port}: another program listens there (on ${address}); see: ss -ltnp`, {
      cause,
    });
  if (hasCode(cause, 'EADDRNOTAVAIL'))
    return new Error(`[server] listen = ${address}: this host has no such address`, { cause });
  return new Error(`[server] listen = ${address}, port = ${port}: cannot be listened on`, { cause });
}
