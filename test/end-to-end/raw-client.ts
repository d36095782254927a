import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { WebSocket } from 'ws';
import { parseEnrolment } from '../../shared/enrolment.ts';
import { subprotocol } from '../../shared/frames.ts';
import { parseObject, SealedChannel } from '../../shared/sealed-channel.ts';
import { deriveLoginKey, deriveSessionKeys, nonceBytes, seal } from '../../shared/signing.ts';

type Json = Readonly<Record<string, unknown>>;

/** How a connection ended. */
interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A client of the protocol without an agent around it, for tests that send what no agent would, and for load. */
export class RawClient {
  readonly socket: WebSocket;
  readonly #channel: SealedChannel;
  readonly #received: Json[] = [];
  readonly #waiting: { resolve(frame: Json): void; reject(error: Error): void }[] = [];
  readonly closed: Promise<Closed>;
  #end: Closed | undefined;

  private constructor(socket: WebSocket, channel: SealedChannel, closed: Promise<Closed>) {
    this.socket = socket;
    this.#channel = channel;
    this.closed = closed;
    void closed.then((end) => this.#finish(end));
    socket.on('message', (data) => this.#take(String(data)));
  }

  /** Logs in with an enrolment line. @throws when the server does not answer, or not with a welcome */
  static async connect(enrolment: string, caFile: string, localAddress?: string): Promise<RawClient> {
    const parsed = parseEnrolment(enrolment);
    if (typeof parsed === 'string') throw new Error(parsed);
    const [keyId = '', secretText = ''] = parsed.key.split('.');
    const secret = Buffer.from(secretText, 'base64url');
    const url = `${parsed.plaintext === true ? 'ws' : 'wss'}://${parsed.host}:${parsed.port}`;
    const socket = new WebSocket(url, subprotocol, {
      ca: readFileSync(caFile),
      perMessageDeflate: false,
      ...(localAddress === undefined ? {} : { localAddress }),
    });
    const closed = closeOf(socket);
    const [hello] = await Promise.race([once(socket, 'message'), closed.then(fail)]);
    const serverNonce = Buffer.from(String(parseObject(String(hello))?.['nonce']), 'base64url');
    const clientNonce = randomBytes(nonceBytes);
    const login = JSON.stringify({ type: 'login', nonce: clientNonce.toString('base64url'), agent: 'raw client' });
    socket.send(`${parsed.client}:${keyId}:${seal(deriveLoginKey(secret, serverNonce), login)}`);
    const client = new RawClient(
      socket,
      new SealedChannel(deriveSessionKeys(secret, serverNonce, clientNonce), 'client'),
      closed,
    );
    const welcome = await client.next();
    if (welcome['type'] !== 'welcome') throw new Error(`not welcome: ${JSON.stringify(welcome)}`);
    return client;
  }

  /** The text of a frame with the next sequence number, not sent. */
  sealed(frame: object): string {
    return this.#channel.seal(frame);
  }

  send(frame: object): void {
    this.socket.send(this.sealed(frame));
  }

  /** Sends a frame and resolves with the next one that comes. */
  ask(frame: object): Promise<Json> {
    const answer = this.next();
    this.send(frame);
    return answer;
  }

  /** The next frame from the server. @throws when the connection ends first */
  async next(): Promise<Json> {
    const frame = this.#received.shift();
    if (frame !== undefined) return frame;
    if (this.#end !== undefined) fail(this.#end);
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  close(): Promise<unknown> {
    this.socket.close();
    return this.closed;
  }

  #take(text: string): void {
    const opened = this.#channel.open(text);
    if (opened.kind === 'refused') throw new Error(`the server's frame is ${opened.refusal.code}`);
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#received.push(opened.value);
    else waiting.resolve(opened.value);
  }

  #finish(end: Closed): void {
    this.#end = end;
    for (const { reject } of this.#waiting.splice(0)) reject(errorOf(end));
  }
}

/** An error is always followed by the close. */
function closeOf(socket: WebSocket): Promise<Closed> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
}

function fail(end: Closed): never {
  throw errorOf(end);
}

function errorOf({ code, reason }: Closed): Error {
  return new Error(`the connection ended: ${code} ${reason}`);
}
