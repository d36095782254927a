import { FrameError } from '../shared/field-reader.ts';
import type { WelcomeFrame } from '../shared/frames.ts';
import { parseFrameToClient, parseHello } from '../shared/parse-frame-to-client.ts';
import { parseObject, SealedChannel } from '../shared/sealed-channel.ts';
import { deriveLoginKey, deriveSessionKeys, seal } from '../shared/signing.ts';
import type { Key } from './key-text.ts';
import { UplinkError } from './uplink-error.ts';

export interface HandshakeOptions {
  readonly client: string;
  readonly key: Key;
  /** 32 fresh random bytes. */
  readonly nonce: Buffer;
  /** Name and version, for the operator's eyes. */
  readonly agent: string;
}

/** Both ends are known to each other. */
export interface Session {
  readonly channel: SealedChannel;
  readonly welcome: WelcomeFrame;
}

/** What to do after a text of the server. */
export type HandshakeStep =
  | { readonly kind: 'reply'; readonly text: string }
  | { readonly kind: 'done'; readonly session: Session };

type State = { readonly kind: 'hello' } | { readonly kind: 'welcome'; readonly channel: SealedChannel };

/** The agent's part of the login, text in and text out: hello → login → welcome. */
export class Handshake {
  readonly #options: HandshakeOptions;
  #state: State = { kind: 'hello' };

  constructor(options: HandshakeOptions) {
    this.#options = options;
  }

  /** @throws UplinkError `not-believed` */
  receive(text: string): HandshakeStep {
    return this.#state.kind === 'hello' ? this.#login(text) : this.#welcome(text, this.#state.channel);
  }

  #login(text: string): HandshakeStep {
    const fields = parseObject(text);
    if (fields === undefined) throw new UplinkError('not-believed', 'the server does not speak fail2networkban');
    const { client, key, nonce, agent } = this.#options;
    const serverNonce = Buffer.from(believe(() => parseHello(fields)).nonce, 'base64url');
    this.#state = {
      kind: 'welcome',
      channel: new SealedChannel(deriveSessionKeys(key.secret, serverNonce, nonce), 'client'),
    };
    const payload = JSON.stringify({ type: 'login', nonce: nonce.toString('base64url'), agent });
    return { kind: 'reply', text: `${client}:${key.id}:${seal(deriveLoginKey(key.secret, serverNonce), payload)}` };
  }

  #welcome(text: string, channel: SealedChannel): HandshakeStep {
    const opened = channel.open(text);
    if (opened.kind === 'refused') throw new UplinkError('not-believed', `the welcome: ${opened.refusal.detail}`);
    const welcome = believe(() => parseFrameToClient(opened.value));
    if (welcome.type !== 'welcome') throw new UplinkError('not-believed', `${welcome.type} in place of the welcome`);
    return { kind: 'done', session: { channel, welcome } };
  }
}

/** @throws UplinkError in place of a FrameError */
export function believe<Frame>(parse: () => Frame): Frame {
  try {
    return parse();
  } catch (error) {
    if (error instanceof FrameError)
      throw new UplinkError('not-believed', 'the server sent nonsense', { cause: error });
    throw error;
  }
}
