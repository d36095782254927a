import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../shared/clock.ts';
import { type CloseCode, closeCodes } from '../shared/close-code.ts';
import { describeError } from '../shared/errors.ts';
import { subprotocol } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import type { Network } from '../shared/network.ts';
import type { Connection, Session } from './session.ts';
import type { Stranger } from './strangers.ts';

export interface WebSocketsOptions {
  readonly clock: Clock;
  readonly openSession: (connection: Connection, address: Network | undefined) => Session;
  readonly onEnd: (session: Session) => void;
  /** A frame was taken; resolves when it is answered. At most {@link limits.framesInFlightMax} of each connection. */
  readonly track: (answered: Promise<void>) => void;
  /** A connection that was turned away before or without a login. */
  readonly onTurnedAway: (address: Network | undefined, reason: string) => void;
  /** A fault of ours in handling a frame. */
  readonly onFault: (error: unknown) => void;
}

/** How long a peer may take to answer a close before its socket is cut. */
const closeMaxMs = 2_000;

/** The most that a frame's header takes (RFC 6455 §5.2). */
const frameHeaderMaxBytes = 14;

/** Turns sockets into sessions, and holds each to the limits. The only user of ws on this side. */
export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #server: WebSocketServer;
  #isPaused = false;

  constructor(options: WebSocketsOptions) {
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      maxPayload: limits.frameMaxBytes,
      handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
    });
  }

  /** Serves a connection that asks for a WebSocket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, stranger: Stranger): void {
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!offered.includes(subprotocol)) {
      this.#turnAway(socket, stranger.address, '400 Bad Request', `the subprotocol ${subprotocol} is not offered`);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const session = this.#serve(webSocket, stranger);
      limitUnknown(socket, session, () => this.#end(webSocket, closeCodes.tooLong, 'more than a login'));
    });
  }

  /** Takes no more frames; those that were taken are still answered. */
  pauseAll(): void {
    this.#isPaused = true;
    for (const webSocket of this.#server.clients) webSocket.pause();
  }

  endAll(code: CloseCode, reason: string): void {
    for (const webSocket of this.#server.clients) this.#end(webSocket, code, reason);
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

  #receive(webSocket: WebSocket, session: Session, text: string): void {
    const answered = session.receive(text).then(() => this.#letThrough(webSocket, session), this.#options.onFault);
    this.#options.track(answered);
    if (this.#isCongested(webSocket, session)) webSocket.pause();
  }

  /** A peer that asks faster than it is answered, or does not read its answers, is not read either. */
  #isCongested(webSocket: WebSocket, session: Session): boolean {
    return session.inFlight >= limits.framesInFlightMax || webSocket.bufferedAmount >= limits.outgoingMaxBytes;
  }

  #letThrough(webSocket: WebSocket, session: Session): void {
    if (this.#isPaused || !webSocket.isPaused || webSocket.readyState !== webSocket.OPEN) return;
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
