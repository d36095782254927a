import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Clock, sleep } from '../shared/clock.ts';
import { type CloseCode, closeCodes } from '../shared/close-code.ts';
import { describeError, hasCode } from '../shared/errors.ts';
import { subprotocol } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import { type Network, parseNetwork } from '../shared/network.ts';
import type { Origin } from './http/http-door.ts';
import { httpLimits } from './http/http-limits.ts';
import type { Connection, Session } from './session.ts';
import { type Stranger, Strangers } from './strangers.ts';

/** Certificate chain and private key, PEM. */
export interface Certificate {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
}

export interface ListenerOptions {
  /** Undefined: all addresses. */
  readonly host: string | undefined;
  readonly port: number;
  /** Undefined serves without TLS. */
  readonly certificate: Certificate | undefined;
  readonly clock: Clock;
  /** Those of {@link httpLimits} when they are left out. */
  readonly httpTimes?: HttpTimes;
  readonly openSession: (connection: Connection, address: Network | undefined) => Session;
  readonly onEnd: (session: Session) => void;
  /** Answers what is no WebSocket. Never rejects. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse, origin: Origin) => Promise<void>;
  /** A connection that was turned away before or without a login. */
  readonly onTurnedAway: (address: Network | undefined, reason: string) => void;
  /** A fault of ours in handling a frame. */
  readonly onFault: (error: unknown) => void;
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

/** How long a peer may take to answer a close before its socket is cut. */
const closeMaxMs = 2_000;

/** How long a stop waits for the answers to the frames that were taken. */
export const answersMaxMs = 1_500;

/** The most that a frame's header takes (RFC 6455 §5.2). */
const frameHeaderMaxBytes = 14;

/** Turns sockets into sessions, and holds each to the limits. The only user of ws on this side. */
export class Listener {
  readonly #options: ListenerOptions;
  readonly #server: Server | TlsServer;
  readonly #sockets: WebSocketServer;
  readonly #strangers: Strangers;
  /** Frames that wait for their answer: at most {@link limits.framesInFlightMax} of each connection. */
  readonly #unanswered = new Set<Promise<void>>();
  /** Those with a request that is not answered yet. */
  readonly #asking = new WeakSet<Stranger>();
  #isClosing = false;

  constructor(options: ListenerOptions) {
    this.#options = options;
    const { certificate, clock, onTurnedAway, httpTimes = httpLimits } = options;
    this.#strangers = new Strangers({ clock, onTurnedAway });
    this.#server =
      certificate === undefined
        ? createHttpServer(serverOptions(httpTimes))
        : createHttpsServer({ ...certificate, ...serverOptions(httpTimes), minVersion: 'TLSv1.2' });
    this.#server.timeout = httpTimes.idleMaxMs;
    this.#server.maxConnections = limits.connectionsMax;
    this.#server.on('connection', (socket: Socket) => this.#strangers.admit(socket));
    this.#server.on('request', (request, response) => this.#request(request, response));
    this.#sockets = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: limits.frameMaxBytes,
      handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
    });
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
      this.#server.listen(this.#options.port, this.#options.host, () => {
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
    this.#isClosing = true;
    if (this.#unanswered.size > 0) await this.#answerTaken();
    for (const socket of this.#sockets.clients) this.#end(socket, closeCodes.goingAway, 'the server stops');
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
        this.#unanswered.delete(answered);
        if (stranger !== undefined && !isPushing) this.#asking.delete(stranger);
      });
    this.#unanswered.add(answered);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const stranger = this.#strangers.of(request.socket);
    if (stranger === undefined) {
      socket.destroy();
      return;
    }
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(subprotocol)) {
      this.#turnAway(socket, stranger.address, '400 Bad Request', `the subprotocol ${subprotocol} is not offered`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const session = this.#serve(webSocket, stranger);
      limitUnknown(socket, session, () => this.#end(webSocket, closeCodes.tooLong, 'more than a login'));
    });
  }

  #turnAway(socket: Duplex, address: Network | undefined, status: string, reason: string): void {
    this.#options.onTurnedAway(address, reason);
    socket.on('error', () => socket.destroy());
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  }

  #serve(webSocket: WebSocket, stranger: Stranger): Session {
    const { openSession, onEnd } = this.#options;
    const session = openSession(
      {
        send: (text, onSent) =>
          webSocket.send(text, (error) => {
            if (error) webSocket.terminate();
            else onSent?.();
          }),
        close: (code, reason) => this.#end(webSocket, code, reason),
      },
      stranger.address,
    );
    stranger.end = (reason) => session.close(closeCodes.loginTimeout, reason);
    const stopHeartbeat = this.#watchHeartbeat(webSocket);
    webSocket.on('message', (data, isBinary) => {
      if (isBinary) session.reject(binaryFrame, closeCodes.malformed);
      else this.#receive(webSocket, session, data.toString());
      if (session.who !== undefined) stranger.leave();
    });
    webSocket.on('error', (error) => session.violated(describeError(error)));
    webSocket.on('close', () => {
      stopHeartbeat();
      session.ended();
      onEnd(session);
    });
    session.start();
    return session;
  }

  async #answerTaken(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.pause();
    const over = new AbortController();
    const answered = Promise.all(this.#unanswered).then(() => over.abort());
    await Promise.race([answered, sleep(this.#options.clock, answersMaxMs, over.signal)]);
  }

  #receive(webSocket: WebSocket, session: Session, text: string): void {
    const answered = session
      .receive(text)
      .then(() => this.#letThrough(webSocket, session), this.#options.onFault)
      .finally(() => this.#unanswered.delete(answered));
    this.#unanswered.add(answered);
    if (this.#isCongested(webSocket, session)) webSocket.pause();
  }

  /** A peer that asks faster than it is answered, or does not read its answers, is not read either. */
  #isCongested(webSocket: WebSocket, session: Session): boolean {
    return session.inFlight >= limits.framesInFlightMax || webSocket.bufferedAmount >= limits.outgoingMaxBytes;
  }

  #letThrough(webSocket: WebSocket, session: Session): void {
    if (this.#isClosing || !webSocket.isPaused || webSocket.readyState !== webSocket.OPEN) return;
    if (!this.#isCongested(webSocket, session)) webSocket.resume();
    else this.#options.clock.after(10, () => this.#letThrough(webSocket, session));
  }

  /** A ping after each silence; a peer that answers none of two is gone. */
  #watchHeartbeat(webSocket: WebSocket): () => void {
    const { clock } = this.#options;
    let heardAtMs = clock.elapsed();
    let cancel: () => void;
    const hear = (): void => {
      heardAtMs = clock.elapsed();
    };
    const beat = (): void => {
      if (clock.elapsed() - heardAtMs > 2 * limits.heartbeatMs) webSocket.terminate();
      else {
        webSocket.ping();
        cancel = clock.after(limits.heartbeatMs, beat);
      }
    };
    webSocket.on('pong', hear);
    webSocket.on('message', hear);
    cancel = clock.after(limits.heartbeatMs, beat);
    return () => cancel();
  }

  #end(webSocket: WebSocket, code: CloseCode, reason: string): void {
    webSocket.resume();
    webSocket.close(code, reason.slice(0, 100));
    const cancel = this.#options.clock.after(closeMaxMs, () => webSocket.terminate());
    webSocket.once('close', cancel);
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

const binaryFrame = { code: 'malformed', detail: 'binary frames are not of this protocol' } as const;

/** ws takes in a whole frame before anybody looks at it; of a stranger no more than a login may be kept. */
function limitUnknown(socket: Duplex, session: Session, end: () => void): void {
  let bytes = 0;
  const count = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (!session.isStranger) socket.off('data', count);
    else if (bytes > limits.loginFrameMaxBytes + frameHeaderMaxBytes) {
      socket.off('data', count);
      session.violated(`more than ${limits.loginFrameMaxBytes} bytes without a login`);
      end();
    }
  };
  socket.on('data', count);
}
