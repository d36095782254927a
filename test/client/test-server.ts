import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type {
  EventResult,
  EventsFrame,
  FeedFrame,
  FrameToClient,
  JailFrame,
  Permission,
  QueryFrame,
  ReceivedByServer,
  SubscribeFrame,
} from '../../shared/frames.ts';
import { subprotocol } from '../../shared/frames.ts';
import { digestOf } from '../../shared/jail-digest.ts';
import type { Network } from '../../shared/network.ts';
import { parseFrameToServer, parseLoginEnvelope, parseLoginPayload } from '../../shared/parse-frame.ts';
import type { Refusal } from '../../shared/refusal.ts';
import { parseObject, SealedChannel } from '../../shared/sealed-channel.ts';
import { deriveLoginKey, deriveSessionKeys, unseal } from '../../shared/signing.ts';
import type { Certificates } from '../certificates.ts';

/** A report as the server under test conditions keeps it. */
export interface HeldReport {
  readonly jail: string;
  readonly network: Network;
  readonly ttlSeconds: number | null;
  readonly source: string;
}

export interface TestServerOptions {
  readonly certificates?: Certificates;
  /** The client's secret; a fresh one by default. */
  readonly secret?: Buffer;
}

/** What a test may bend. */
export interface Behaviour {
  /** Why an event is not accepted. */
  refuse: (event: { readonly network: Network; readonly jail: string }) => Refusal | undefined;
  /** Replaces a frame on its way out; undefined sends nothing. */
  reply: (frame: FrameToClient) => object | undefined;
  /** Answers a subscription; undefined: with silence. */
  feed: (wish: SubscribeFrame) => FeedFrame | undefined;
  /** Replaces a text on its way out, behind the MAC. */
  garble: (text: string) => string;
  retryAfterMs: number;
  may: readonly Permission[];
  jails: readonly string[];
  enforcement: (network: Network, isHeld: boolean) => 'in-force' | 'absent' | 'pending';
}

/** A server in memory that speaks the protocol: keeps reports, counts numbers once, and can lie. */
export class TestServer {
  readonly client = 'web1';
  readonly keyId = 'abcdefgh';
  readonly secret: Buffer;
  readonly reports = new Map<string, HeldReport>();
  /** Every number that arrived, in its order, repeated ones included. */
  readonly numbers: number[] = [];
  /** What each number meant. */
  readonly heard: { readonly number: number; readonly text: string }[] = [];
  readonly frames: ReceivedByServer[] = [];
  readonly behaviour: Behaviour = {
    refuse: () => undefined,
    reply: (frame) => frame,
    feed: () => undefined,
    garble: (text) => text,
    retryAfterMs: 1_000,
    may: ['ban', 'unban'],
    jails: ['*'],
    enforcement: (_, isHeld) => (isHeld ? 'in-force' : 'absent'),
  };
  logins = 0;
  readonly #applied = new Map<string, number>();
  readonly #lists = new Map<string, Map<Network, number | null>>();
  readonly #changes = new EventEmitter();
  readonly #http;
  readonly #sockets: WebSocketServer;
  readonly #scheme: string;
  readonly #channels = new Map<WebSocket, SealedChannel>();

  constructor({ certificates, secret }: TestServerOptions = {}) {
    this.secret = secret ?? randomBytes(32);
    this.#changes.setMaxListeners(0);
    this.#scheme = certificates === undefined ? 'ws' : 'wss';
    this.#http =
      certificates === undefined
        ? createHttpServer()
        : createHttpsServer({ cert: readFileSync(certificates.certFile), key: readFileSync(certificates.keyFile) });
    this.#sockets = new WebSocketServer({ server: this.#http, handleProtocols: () => subprotocol });
    this.#sockets.on('connection', (socket) => this.#serve(socket));
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get port(): number {
    const address = this.#http.address();
    if (!isAddressInfo(address)) throw new Error('not listening');
    return address.port;
  }

  get keyText(): string {
    return `${this.keyId}.${this.secret.toString('base64url')}`;
  }

  async listen(port = 0): Promise<this> {
    this.#http.listen(port, '127.0.0.1');
    await once(this.#http, 'listening');
    return this;
  }

  /** Resolves as soon as `holds` is true, looked at after each frame, login and end of a connection. */
  async when(holds: () => boolean): Promise<void> {
    while (!holds()) await once(this.#changes, 'change');
  }

  has(jail: string, network: string): boolean {
    return this.reports.has(`${jail} ${network}`);
  }

  ping(): void {
    for (const socket of this.#sockets.clients) socket.ping();
  }

  /** Ends all connections without a word. */
  drop(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  /** Sends a frame, or what passes for one, to everybody who is logged in. */
  tell(frame: object): void {
    for (const [socket, channel] of this.#channels) socket.send(channel.seal(frame));
  }

  /** Sends a text to everybody as it is. */
  shout(text: string): void {
    for (const socket of this.#sockets.clients) socket.send(text);
  }

  async close(): Promise<void> {
    if (!this.#http.listening) return;
    this.drop();
    this.#http.close();
    this.#http.closeAllConnections();
    await once(this.#http, 'close');
  }

  #serve(socket: WebSocket): void {
    const nonce = randomBytes(32);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#changes.emit('change'));
    socket.send(JSON.stringify({ type: 'hello', nonce: nonce.toString('base64url') }));
    socket.once('message', (data) => {
      const channel = this.#login(String(data), nonce);
      if (channel === undefined) return socket.close(4401);
      this.logins += 1;
      this.#channels.set(socket, channel);
      socket.on('close', () => this.#channels.delete(socket));
      this.#send(socket, channel, { type: 'welcome', server: 'test', ...this.#rights() });
      socket.on('message', (text) => this.#receive(socket, channel, String(text)));
      this.#changes.emit('change');
    });
  }

  #rights(): { may: readonly Permission[]; jails: readonly string[] } {
    return { may: this.behaviour.may, jails: this.behaviour.jails };
  }

  #login(text: string, nonce: Buffer): SealedChannel | undefined {
    const envelope = parseLoginEnvelope(text);
    if (envelope?.client !== this.client || envelope.keyId !== this.keyId) return undefined;
    const payload = parseObject(unseal(deriveLoginKey(this.secret, nonce), envelope.sealed) ?? '');
    if (payload === undefined) return undefined;
    const clientNonce = Buffer.from(parseLoginPayload(payload).nonce, 'base64url');
    return new SealedChannel(deriveSessionKeys(this.secret, nonce, clientNonce), 'server');
  }

  #receive(socket: WebSocket, channel: SealedChannel, text: string): void {
    const opened = channel.open(text);
    if (opened.kind === 'refused') {
      socket.close(4409);
      return;
    }
    const frame = parseFrameToServer(opened.value);
    this.frames.push(frame);
    const answer = this.#answer(frame);
    if (answer !== undefined) this.#send(socket, channel, answer);
    this.#changes.emit('change');
  }

  #send(socket: WebSocket, channel: SealedChannel, frame: FrameToClient): void {
    const bent = this.behaviour.reply(frame);
    if (bent !== undefined) socket.send(this.behaviour.garble(channel.seal(bent)));
  }

  #answer(frame: ReceivedByServer): FrameToClient | undefined {
    switch (frame.type) {
      case 'events':
        return this.#takeEvents(frame);
      case 'jails':
        return {
          type: 'differing',
          jails: frame.digests.filter(({ jail, digest }) => digest !== this.#digest(jail)).map(({ jail }) => jail),
        };
      case 'subscribe':
        return this.behaviour.feed(frame);
      case 'enforcers':
      case 'unknown':
        return undefined;
      case 'jail':
        return this.#takeList(frame);
      case 'missing': {
        const held = frame.networks.filter((network) => this.reports.delete(`${frame.jail} ${network}`));
        return { type: 'withdrawn', jail: frame.jail, count: held.length };
      }
      case 'query':
        return this.#reply(frame);
    }
  }

  #takeEvents({ stream, events }: EventsFrame): FrameToClient {
    const applied = this.#applied.get(stream) ?? 0;
    let last = applied;
    const results = events.map((event): EventResult => {
      const { number } = event;
      this.numbers.push(number);
      if ('verb' in event) this.heard.push({ number, text: `${event.verb} ${event.jail} ${event.network}` });
      if (number <= applied) return { number, outcome: 'repeated' };
      const refusal = 'refusal' in event ? event.refusal : this.behaviour.refuse(event);
      if (refusal !== undefined) return { number, outcome: 'refused', ...refusal };
      last = number;
      if ('verb' in event) this.#apply(event);
      return { number, outcome: 'recorded' };
    });
    this.#applied.set(stream, last);
    return { type: 'results', results, retryAfterMs: this.behaviour.retryAfterMs };
  }

  #apply({ verb, jail, network, ttlSeconds, source }: HeldReport & { readonly verb: string }): void {
    if (verb === 'ban') this.reports.set(`${jail} ${network}`, { jail, network, ttlSeconds, source });
    else this.reports.delete(`${jail} ${network}`);
  }

  #takeList({ jail, part, parts, entries }: JailFrame): FrameToClient | undefined {
    const list = part === 1 ? new Map<Network, number | null>() : (this.#lists.get(jail) ?? new Map());
    for (const [network, ttlSeconds] of entries) list.set(network, ttlSeconds);
    this.#lists.set(jail, list);
    if (part < parts) return undefined;
    const unlisted = this.#ofJail(jail)
      .map(({ network }) => network)
      .filter((network) => !list.has(network));
    for (const [network, ttlSeconds] of list) {
      this.reports.set(`${jail} ${network}`, { jail, network, ttlSeconds, source: 'jail' });
    }
    return { type: 'settled', jail, added: list.size, withdrawn: 0, unlisted, refused: {} };
  }

  #reply(frame: QueryFrame): FrameToClient {
    const { id } = frame;
    if (frame.about === 'bans') {
      const bans = [...this.reports.values()].map(({ jail, network, ttlSeconds }) => ({ jail, network, ttlSeconds }));
      return { type: 'answer', id, bans };
    }
    if (frame.about !== 'network') return { type: 'answer', id };
    const banned = [...this.reports.values()].some(({ network }) => network === frame.network);
    const state = this.behaviour.enforcement(frame.network, banned);
    return { type: 'answer', id, banned, enforcement: [{ enforcer: 'proxmox/main', state }] };
  }

  #digest(jail: string): string {
    return digestOf(this.#ofJail(jail).map(({ network }) => network));
  }

  #ofJail(jail: string): HeldReport[] {
    return [...this.reports.values()].filter((report) => report.jail === jail && report.source === 'jail');
  }
}

function isAddressInfo(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
