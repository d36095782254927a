import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { WebSocket } from 'ws';
import type { Clock } from '../shared/clock.ts';
import { closeCodes } from '../shared/close-code.ts';
import { subprotocol } from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import { matchesPin, pinOf } from '../shared/pin.ts';
import { Connection } from './connection.ts';
import { Handshake, type Session } from './handshake.ts';
import type { ServerAddress, Trust } from './server-address.ts';
import { endpointOf } from './server-address.ts';
import { socketOptions } from './socket-options.ts';
import { SshStream } from './ssh-stream.ts';
import { UplinkError } from './uplink-error.ts';
import { closeReason, convertFailure } from './uplink-failure.ts';

export interface UplinkOptions {
  readonly clock: Clock;
  /** So many random bytes, unguessable. */
  readonly randomBytes: (count: number) => Buffer;
  /** Name and version of the agent. */
  readonly agent: string;
}

/** From the first packet to the server's welcome. */
export const connectMaxMs = 15_000;
/** The server pings after `limits.heartbeatMs` without a sign; three times that is silence. */
export const silenceMaxMs = 3 * limits.heartbeatMs;
/** How long a server may take to answer a close. */
const closeMaxMs = 1_000;

/**
 * Connects, logs in and checks that the server knows the key too.
 *
 * @throws UplinkError, also when `signal` is aborted meanwhile
 */
export function connectToServer(
  server: ServerAddress,
  options: UplinkOptions,
  signal: AbortSignal,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const link = new Link(server, options, { opened: resolve, failed: reject });
    const stop = (): void => link.end(new UplinkError('closed', 'the agent stops'));
    if (signal.aborted) return stop();
    signal.addEventListener('abort', stop, { once: true });
    link.onEnd(() => signal.removeEventListener('abort', stop));
  });
}

interface Outcome {
  opened(connection: Connection): void;
  failed(error: UplinkError): void;
}

type State =
  | { readonly kind: 'handshake'; readonly handshake: Handshake }
  | { readonly kind: 'open'; readonly connection: Connection }
  | { readonly kind: 'ended' };

/** One WebSocket, from the first packet to its end. */
class Link {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  readonly #outcome: Outcome;
  #state: State;
  /** The address of the other end; undefined behind ssh. */
  #peer: string | undefined;
  #cancelTimer: () => void;
  #afterEnd: () => void = () => undefined;

  constructor(server: ServerAddress, { clock, randomBytes, agent }: UplinkOptions, outcome: Outcome) {
    this.#clock = clock;
    this.#outcome = outcome;
    const nonce = randomBytes(32);
    this.#state = {
      kind: 'handshake',
      handshake: new Handshake({ client: server.client, key: server.key, nonce, agent }),
    };
    const way = this.#openWay(server);
    this.#socket = new WebSocket(server.url, subprotocol, socketOptions(server, way, connectMaxMs));
    this.#socket.on('close', () => way?.destroy());
    this.#cancelTimer = clock.after(connectMaxMs, () => this.end(silence(`no welcome in ${connectMaxMs / 1_000} s`)));
    this.#listen(server.trust);
  }

  onEnd(then: () => void): void {
    this.#afterEnd = then;
  }

  end(reason: UplinkError): void {
    const state = this.#state;
    if (state.kind === 'ended') return;
    this.#state = { kind: 'ended' };
    this.#cancelTimer();
    this.#afterEnd();
    this.#leave(reason);
    if (state.kind === 'open') state.connection.close(reason);
    else this.#outcome.failed(reason);
  }

  /** Its end is heard here before ws hears of it, which would say only that there is one. */
  #openWay(server: ServerAddress): Duplex | undefined {
    if (server.via === undefined) return undefined;
    const way = new SshStream(server.via, endpointOf(server));
    way.on('error', (error) => this.end(new UplinkError('no-way', error.message, { cause: error })));
    return way;
  }

  #listen(trust: Trust): void {
    const socket = this.#socket;
    socket.on('upgrade', ({ socket: transport }) => {
      this.#peer = transport.remoteAddress;
      this.#checkPin(trust, transport);
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('ping', () => this.#sign());
    socket.on('error', (error) => this.end(convertFailure(error)));
    socket.on('close', (code, reason) => this.end(closeReason(code, reason.toString('utf8'))));
  }

  /** Before any frame is looked at. The upgrade request that went out before carried no secret. */
  #checkPin(trust: Trust, socket: unknown): void {
    if (trust.kind !== 'pin') return;
    const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
    if (certificate !== undefined && matchesPin(certificate, trust.sha256)) return;
    const found = certificate === undefined ? 'none' : `sha256:${pinOf(certificate)}`;
    this.end(new UplinkError('untrusted', `the public key is ${found}, pinned is sha256:${trust.sha256}`));
  }

  #receive(data: unknown, isBinary: boolean): void {
    const state = this.#state;
    if (isBinary || !Buffer.isBuffer(data)) this.end(new UplinkError('not-believed', 'a binary frame'));
    else if (state.kind === 'handshake') this.#shakeHands(state.handshake, data.toString('utf8'));
    else if (state.kind === 'open') this.#hear(state.connection, data.toString('utf8'));
  }

  #hear(connection: Connection, text: string): void {
    this.#sign();
    connection.receive(text);
  }

  #shakeHands(handshake: Handshake, text: string): void {
    try {
      const step = handshake.receive(text);
      if (step.kind === 'reply') this.#socket.send(step.text);
      else this.#open(step.session);
    } catch (error) {
      if (!(error instanceof UplinkError)) throw error;
      this.end(error);
    }
  }

  #open(session: Session): void {
    const wire = {
      peer: this.#peer,
      send: (text: string) => this.#socket.send(text),
      end: (reason: UplinkError) => this.end(reason),
    };
    const connection = new Connection(session, wire, this.#clock);
    this.#state = { kind: 'open', connection };
    this.#sign();
    this.#outcome.opened(connection);
  }

  /** The server lives. */
  #sign(): void {
    if (this.#state.kind !== 'open') return;
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(silenceMaxMs, () =>
      this.end(silence(`no sign of life in ${silenceMaxMs / 1_000} s`)),
    );
  }

  #leave({ code }: UplinkError): void {
    if (code !== 'closed' && code !== 'not-believed') {
      this.#socket.terminate();
      return;
    }
    const cancel = this.#clock.after(closeMaxMs, () => this.#socket.terminate());
    this.#socket.once('close', cancel);
    this.#socket.close(code === 'closed' ? closeCodes.goingAway : closeCodes.malformed);
  }
}

function silence(message: string): UplinkError {
  return new UplinkError('silent', message);
}
