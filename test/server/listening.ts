import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { type Certificate, Listener } from '../../server/listener.ts';
import { Session } from '../../server/session.ts';
import type { ReceivedByClient } from '../../shared/frames.ts';
import { subprotocol } from '../../shared/frames.ts';
import { parseFrameToClient } from '../../shared/parse-frame-to-client.ts';
import { parseObject, SealedChannel } from '../../shared/sealed-channel.ts';
import { deriveLoginKey, deriveSessionKeys, nonceBytes, seal } from '../../shared/signing.ts';
import { sampleKey } from './samples.ts';
import type { Hosts } from './session-pair.ts';

/** A real listener on a free port of loopback, with real sessions. */
export class Listening {
  readonly listener: Listener;
  readonly turnedAway: string[] = [];
  readonly rejections: string[] = [];
  readonly faults: unknown[] = [];
  port = 0;

  private constructor(hosts: Hosts, certificate: Certificate | undefined) {
    const { clock, intake } = hosts.core;
    this.listener = new Listener({
      host: '127.0.0.1',
      port: 0,
      certificate,
      clock,
      openSession: (connection, address) =>
        new Session({
          connection,
          address,
          clients: hosts.clients,
          intake,
          clock,
          randomBytes,
          decoySecret: Buffer.alloc(32, 9),
          rates: hosts.rates,
          countReports: (client, jail) => hosts.core.standing.countOfClient(client, jail),
          serverName: 'pve1',
          noteEnforcers: () => undefined,
          noteIgnoreip: () => undefined,
          follow: () => () => undefined,
          answer: () => Promise.resolve({}),
          admit: (session, { client, keyId, agent }) =>
            void hosts.connected.add({ session, client: client.name, keyId, agent, address, since: clock.now() }),
          onElsewhere: () => undefined,
          onRejection: ({ code, detail }) => this.rejections.push(`${code}: ${detail}`),
        }),
      onEnd: (session) => hosts.connected.remove(session, clock.now()),
      onRequest: (_request, response, { address }) => {
        response.writeHead(404, { 'x-from': address }).end();
        return Promise.resolve();
      },
      isKnown: () => false,
      onTurnedAway: (_address, reason) => this.turnedAway.push(reason),
      onFault: (fault) => this.faults.push(fault),
    });
  }

  static async start(hosts: Hosts, certificate?: Certificate): Promise<Listening> {
    const listening = new Listening(hosts, certificate);
    listening.port = await listening.listener.listen();
    return listening;
  }
}

/** Who logs in. */
export interface Credentials {
  readonly client: string;
  readonly keyId: string;
  readonly secret: string;
}

const sampleCredentials: Credentials = { client: 'web1', keyId: sampleKey.id, secret: sampleKey.secret };

/** A client's end on a real WebSocket. */
export class Peer {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  readonly #texts: string[] = [];
  #channel: SealedChannel | undefined;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => this.#texts.push(data.toString()));
  }

  /** As far as the server's hello. */
  static async open(port: number, ca?: Buffer): Promise<Peer> {
    const url = `${ca === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}`;
    const peer = new Peer(
      new WebSocket(url, subprotocol, { perMessageDeflate: false, ...(ca === undefined ? {} : { ca }) }),
    );
    await peer.#text();
    return peer;
  }

  /** As far as the server's welcome. */
  static async logIn(port: number, ca?: Buffer, credentials = sampleCredentials): Promise<Peer> {
    const peer = await Peer.open(port, ca);
    peer.sendLogin(credentials);
    const welcome = await peer.next();
    if (welcome.type !== 'welcome') throw new Error(`not welcome: ${welcome.type}`);
    return peer;
  }

  sendLogin(credentials = sampleCredentials): void {
    const hello = parseObject(this.#texts.shift() ?? '');
    const serverNonce = Buffer.from(String(hello?.['nonce']), 'base64url');
    const nonce = randomBytes(nonceBytes);
    const secret = Buffer.from(credentials.secret, 'base64url');
    const payload = JSON.stringify({ type: 'login', nonce: nonce.toString('base64url'), agent: 'test 1.0' });
    this.#channel = new SealedChannel(deriveSessionKeys(secret, serverNonce, nonce), 'client');
    this.socket.send(
      `${credentials.client}:${credentials.keyId}:${seal(deriveLoginKey(secret, serverNonce), payload)}`,
    );
  }

  sealed(frame: object): string {
    if (this.#channel === undefined) throw new Error('not logged in');
    return this.#channel.seal(frame);
  }

  async ask(frame: object): Promise<ReceivedByClient> {
    this.socket.send(this.sealed(frame));
    return this.next();
  }

  /** The next frame, verified. */
  async next(): Promise<ReceivedByClient> {
    await this.#text();
    const opened = this.#channel?.open(this.#texts.shift() ?? '');
    if (opened?.kind !== 'opened') throw new Error("the server's frame is not believed");
    return parseFrameToClient(opened.value);
  }

  close(): void {
    this.socket.terminate();
  }

  async #text(): Promise<void> {
    if (this.#texts.length === 0) await once(this.socket, 'message');
  }
}
