import type { Clock } from '../shared/clock.ts';
import { type CloseCode, closeCodes } from '../shared/close-code.ts';
import { FrameError } from '../shared/field-reader.ts';
import type {
  AnswerFrame,
  EventsFrame,
  FrameToClient,
  HostEnforcer,
  Question,
  ReceivedByServer,
  SubscribeFrame,
} from '../shared/frames.ts';
import { limits } from '../shared/limits.ts';
import type { Network } from '../shared/network.ts';
import { parseFrameToServer, parseLoginEnvelope } from '../shared/parse-frame.ts';
import type { Refusal } from '../shared/refusal.ts';
import { SealedChannel } from '../shared/sealed-channel.ts';
import { nonceBytes } from '../shared/signing.ts';
import { type Authenticated, authenticate } from './authenticate.ts';
import type { Clients } from './clients.ts';
import type { SendFeed } from './feed/follower.ts';
import { costOf } from './frame-cost.ts';
import type { Intake } from './intake.ts';
import { JailLists } from './jail-lists.ts';
import type { Client } from './ledger/ledger.ts';
import type { ClientRate, ClientRates } from './policy/client-rates.ts';

/** The way out of a session. */
export interface Connection {
  /** `onSent` is called when the text has left for the network; never when the connection ends before. */
  send(text: string, onSent?: () => void): void;
  close(code: CloseCode, reason: string): void;
}

/** A frame or a connection that was not accepted, as it is logged and counted. */
export interface Rejection extends Refusal {
  /** The client, once it is known. */
  readonly client?: string;
  /** The client that a login names and does not prove to be: a name that fits the pattern of names. */
  readonly claimed?: string;
}

export interface SessionOptions {
  readonly connection: Connection;
  /** Where the other side is. */
  readonly address: Network | undefined;
  readonly clients: Clients;
  readonly intake: Intake;
  readonly clock: Clock;
  /** Cryptographically strong bytes. */
  readonly randomBytes: (count: number) => Buffer;
  readonly decoySecret: Buffer;
  readonly rates: ClientRates;
  /** How many reports a client holds, or one of its jails. */
  readonly countReports: (client: string, jail?: string) => number;
  readonly serverName: string;
  /** Answers a question once everything sent before it is written. */
  readonly answer: (client: Client, question: Question) => Promise<Omit<AnswerFrame, 'type' | 'id'>>;
  /** Begins to tell this client of bans. @returns ends it */
  readonly follow: (client: Client, request: SubscribeFrame, send: SendFeed) => () => void;
  /** How the host's own enforcers stand. */
  readonly noteEnforcers: (session: Session, enforcers: readonly HostEnforcer[]) => void;
  /** What `ignoreip` of the client's jails names. */
  readonly noteIgnoreip: (client: Client, networks: readonly Network[]) => void;
  /** Told of a login, before the client is welcomed. */
  readonly admit: (session: Session, authenticated: Authenticated) => void;
  /** Told of a client that proved itself, and is bound to other networks; it is refused as any other. */
  readonly onElsewhere: (client: Client) => void;
  readonly onRejection: (rejection: Rejection) => void;
}

interface LoggedIn {
  readonly kind: 'logged-in';
  readonly who: Authenticated;
  readonly channel: SealedChannel;
  readonly lists: JailLists;
  readonly rate: ClientRate;
}

type State = { readonly kind: 'stranger'; readonly nonce: Buffer } | LoggedIn | { readonly kind: 'closed' };

/**
 * One connection, text in, text out; knows nothing of sockets.
 *
 * ```
 *   stranger ── login ──▶ logged-in ──▶ closed
 *      └───────── anything else ─────────▲
 * ```
 */
export class Session {
  readonly #options: SessionOptions;
  #state: State;
  #inFlight = 0;
  #endFollowing: () => void = () => undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#state = { kind: 'stranger', nonce: options.randomBytes(nonceBytes) };
  }

  /** Frames that wait for their answer. */
  get inFlight(): number {
    return this.#inFlight;
  }

  get isStranger(): boolean {
    return this.#state.kind === 'stranger';
  }

  get who(): Authenticated | undefined {
    return this.#state.kind === 'logged-in' ? this.#state.who : undefined;
  }

  /** The server speaks first. */
  start(): void {
    if (this.#state.kind !== 'stranger') return;
    this.#options.connection.send(JSON.stringify({ type: 'hello', nonce: this.#state.nonce.toString('base64url') }));
  }

  /** Resolves when the frame is answered. Rejects only for a fault of ours. */
  async receive(text: string): Promise<void> {
    const state = this.#state;
    if (state.kind === 'closed') return;
    this.#inFlight += 1;
    try {
      if (state.kind === 'stranger') this.#logIn(text, state.nonce);
      else await this.#take(text, state);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.reject({ code: 'malformed', detail: error.message }, closeCodes.malformed);
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Ends the session from this side. */
  close(code: CloseCode, reason: string): void {
    if (this.#state.kind === 'closed') return;
    this.#leave();
    this.#options.connection.close(code, reason);
  }

  /** Ends the session for what the other side sent, and tells it so. */
  reject(refusal: Refusal, code: CloseCode): void {
    if (this.#state.kind === 'closed') return;
    this.#tell(refusal);
    this.#send({ type: 'refused', ...refusal });
    this.close(code, refusal.code);
  }

  /** The transport has ended the connection by itself, for something that is not of this protocol. */
  violated(detail: string): void {
    if (this.#state.kind === 'closed') return;
    this.#tell({ code: 'malformed', detail });
    this.#leave();
  }

  /** The other side is gone. */
  ended(): void {
    this.#leave();
  }

  /** The policy changed: lists that were settled may settle differently now. */
  forgetSettledLists(): void {
    if (this.#state.kind === 'logged-in') this.#state.lists.forget();
  }

  #logIn(text: string, nonce: Buffer): void {
    const { rates, clock, admit } = this.#options;
    const isShort = Buffer.byteLength(text) <= limits.loginFrameMaxBytes;
    const who = isShort ? this.#authenticate(text, nonce) : undefined;
    if (who === undefined) {
      this.#refuseLogin(isShort ? parseLoginEnvelope(text)?.client : undefined);
      return;
    }
    this.#state = {
      kind: 'logged-in',
      who,
      channel: new SealedChannel(who.keys, 'server'),
      lists: new JailLists(),
      rate: rates.of(who.client.name, clock.elapsed()),
    };
    admit(this, who);
    const { may, jails } = who.client;
    this.#send({ type: 'welcome', server: this.#options.serverName, may, jails });
  }

  #authenticate(text: string, nonce: Buffer): Authenticated | undefined {
    const { clients, clock, decoySecret, address, onElsewhere } = this.#options;
    return authenticate(text, nonce, { clients, now: clock.now(), decoySecret, address, onElsewhere });
  }

  /** The name is for the log alone: the answer is the same for all. */
  #refuseLogin(claimed: string | undefined): void {
    const refusal = { code: 'unauthenticated', detail: 'unknown client, key or MAC' } as const;
    this.#options.onRejection({ ...refusal, ...(claimed === undefined ? {} : { claimed }) });
    this.close(closeCodes.unauthenticated, refusal.code);
  }

  async #take(text: string, state: LoggedIn): Promise<void> {
    const opened = state.channel.open(text);
    if (opened.kind === 'refused') {
      this.reject(opened.refusal, opened.refusal.code === 'malformed' ? closeCodes.malformed : closeCodes.replayed);
      return;
    }
    const frame = parseFrameToServer(opened.value);
    const nowMs = this.#options.clock.elapsed();
    if (state.rate.frames.take(1, nowMs) && state.rate.events.take(costOf(frame, this.#countReports(state)), nowMs)) {
      const reply = await this.#handle(frame, state);
      if (reply !== undefined) this.#send(reply);
    } else this.#refuseForRate(frame);
  }

  async #handle(frame: ReceivedByServer, { who: { client }, lists }: LoggedIn): Promise<FrameToClient | undefined> {
    const { intake, answer } = this.#options;
    switch (frame.type) {
      case 'events':
        return intake.takeEvents(client, frame);
      case 'jails':
        if (frame.ignoreip !== undefined) this.#options.noteIgnoreip(client, frame.ignoreip);
        return { type: 'differing', jails: await intake.compareDigests(client, frame.digests, lists) };
      case 'jail':
        return intake.takePart(client, frame, lists);
      case 'missing':
        return intake.takeMissing(client, frame);
      case 'query':
        return { type: 'answer', id: frame.id, ...(frame.about === 'unknown' ? {} : await answer(client, frame)) };
      case 'subscribe':
        return this.#follow(client, frame);
      case 'enforcers':
        this.#options.noteEnforcers(this, frame.enforcers);
        return undefined;
      case 'unknown':
        this.#tell({ code: 'malformed', detail: `type: ${frame.name} is of no frame that this version knows` });
        return undefined;
    }
  }

  #countReports({ who: { client } }: LoggedIn): (jail?: string) => number {
    return (jail) => this.#options.countReports(client.name, jail);
  }

  /** An agent that heeds `retryAfterMs` sees this rarely; whoever floods with other frames is sent away. */
  #refuseForRate(frame: ReceivedByServer): void {
    const refusal = { code: 'rate-limited', detail: 'more frames or events a second than a client may send' } as const;
    if (frame.type !== 'events') {
      this.reject(refusal, closeCodes.tooMany);
      return;
    }
    this.#tell(refusal);
    this.#send(rateLimited(frame, refusal));
  }

  /** The welcome says who may subscribe, so whoever does without that is no honest client. */
  #follow(client: Client, request: SubscribeFrame): undefined {
    this.#endFollowing();
    if (client.may.includes('subscribe')) {
      this.#endFollowing = this.#options.follow(client, request, (frame, onSent) => this.#send(frame, onSent));
    } else {
      this.reject({ code: 'not-permitted', detail: `${client.name} may not subscribe` }, closeCodes.malformed);
    }
  }

  #leave(): void {
    this.#state = { kind: 'closed' };
    this.#endFollowing();
  }

  #send(frame: FrameToClient, onSent?: () => void): void {
    if (this.#state.kind === 'logged-in') this.#options.connection.send(this.#state.channel.seal(frame), onSent);
  }

  #tell(refusal: Refusal): void {
    const client = this.who?.client.name;
    this.#options.onRejection({ ...refusal, ...(client === undefined ? {} : { client }) });
  }
}

function rateLimited({ events }: EventsFrame, refusal: Refusal): FrameToClient {
  const results = events.map(({ number }) => ({ number, outcome: 'refused' as const, ...refusal }));
  return { type: 'results', results, retryAfterMs: 1_000 };
}
