import { randomBytes } from 'node:crypto';
import { Clients } from '../../server/clients.ts';
import { ConnectedClients } from '../../server/connected-clients.ts';
import type { Client } from '../../server/ledger/ledger.ts';
import { ClientRates } from '../../server/policy/client-rates.ts';
import { type Rejection, Session } from '../../server/session.ts';
import type { CloseCode } from '../../shared/close-code.ts';
import type { ReceivedByClient } from '../../shared/frames.ts';
import { parseFrameToClient } from '../../shared/parse-frame-to-client.ts';
import { parseObject, SealedChannel } from '../../shared/sealed-channel.ts';
import { deriveLoginKey, deriveSessionKeys, nonceBytes, type SessionKeys, seal } from '../../shared/signing.ts';
import type { Core } from './core.ts';
import { makeClient, sampleKey } from './samples.ts';

/** A server's enrolled and connected clients, beside its heart. */
export class Hosts {
  readonly core: Core;
  readonly clients: Clients;
  readonly connected: ConnectedClients;
  readonly rates = new ClientRates();
  /** Names of clients, each with what it offered. */
  readonly offered: string[][] = [];
  countReports = (client: string, jail?: string): number => this.core.standing.countOfClient(client, jail);

  constructor(core: Core, clients: readonly Client[] = [makeClient()]) {
    this.core = core;
    this.clients = new Clients(clients);
    this.connected = new ConnectedClients();
  }
}

interface LoginParts {
  readonly client: string;
  readonly keyId: string;
  readonly secret: string;
  readonly payload: string;
}

/** A session of the server and a client's end of it, joined in memory. */
export class SessionPair {
  readonly #hosts: Hosts;
  readonly session: Session;
  /** What the server sent and nobody has read. */
  readonly texts: string[] = [];
  readonly rejections: Rejection[] = [];
  closed: CloseCode | undefined;
  #keys: SessionKeys | undefined;
  #channel: SealedChannel | undefined;

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
    const { clock, intake } = hosts.core;
    this.session = new Session({
      connection: {
        send: (text) => this.texts.push(text),
        close: (code) => {
          this.closed = code;
        },
      },
      address: undefined,
      clients: hosts.clients,
      intake,
      clock,
      randomBytes,
      decoySecret: Buffer.alloc(32, 9),
      rates: hosts.rates,
      countReports: (client, jail) => hosts.countReports(client, jail),
      serverName: 'pve1',
      noteEnforcers: (session, enforcers) => hosts.connected.noteEnforcers(session, enforcers),
      noteIgnoreip: ({ name }, networks) => hosts.offered.push([name, ...networks]),
      follow: (client, request, send) => hosts.core.feed.follow(client, request, send),
      answer: () => Promise.resolve({ banned: false }),
      admit: (session, { client, keyId, agent }) =>
        void hosts.connected.add({
          session,
          client: client.name,
          keyId,
          agent,
          address: undefined,
          since: clock.now(),
        }),
      onElsewhere: () => undefined,
      onRejection: (rejection) => this.rejections.push(rejection),
    });
    this.session.start();
  }

  /** The text of a login that answers the server's hello, with other parts where a test wants them. */
  loginText(rest: Partial<LoginParts> = {}): string {
    const serverNonce = this.#readNonce();
    const nonce = randomBytes(nonceBytes);
    const payload = JSON.stringify({ type: 'login', nonce: nonce.toString('base64url'), agent: 'test 1.0' });
    const parts: LoginParts = { client: 'web1', keyId: sampleKey.id, secret: sampleKey.secret, payload, ...rest };
    const secret = Buffer.from(parts.secret, 'base64url');
    this.#keys = deriveSessionKeys(secret, serverNonce, nonce);
    this.#channel = new SealedChannel(this.#keys, 'client');
    return `${parts.client}:${parts.keyId}:${seal(deriveLoginKey(secret, serverNonce), parts.payload)}`;
  }

  /** Logs in. @returns the server's answer */
  async logIn(rest: Partial<LoginParts> = {}): Promise<ReceivedByClient | undefined> {
    await this.session.receive(this.loginText(rest));
    return this.next();
  }

  /** The next frame of the server, verified, or undefined when there is none. */
  next(): ReceivedByClient | undefined {
    const text = this.texts.shift();
    if (text === undefined) return undefined;
    const opened = this.#channel?.open(text);
    if (opened?.kind !== 'opened') throw new Error(`the server's frame is not believed: ${text}`);
    return parseFrameToClient(opened.value);
  }

  /** The text of a frame with the next sequence number, not sent. */
  sealed(frame: object): string {
    if (this.#channel === undefined) throw new Error('not logged in');
    return this.#channel.seal(frame);
  }

  /** Any payload under a MAC that fits. */
  sealedText(payload: string): string {
    if (this.#keys === undefined) throw new Error('not logged in');
    return seal(this.#keys.toServer, payload);
  }

  /** Sends a frame. @returns the answer */
  async ask(frame: object): Promise<ReceivedByClient | undefined> {
    await this.session.receive(this.sealed(frame));
    return this.next();
  }

  /** What follows a commit in the server. */
  follow(changes: Parameters<Clients['apply']>[0]): void {
    this.#hosts.clients.apply(changes);
    this.#hosts.connected.apply(changes);
  }

  #readNonce(): Buffer {
    const hello = parseObject(this.texts.shift() ?? '');
    if (hello?.['type'] !== 'hello') throw new Error('the server said no hello');
    return Buffer.from(String(hello['nonce']), 'base64url');
  }
}
