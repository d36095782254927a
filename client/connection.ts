import type { Clock } from '../shared/clock.ts';
import type {
  AnswerFrame,
  DifferingFrame,
  EventsFrame,
  FeedFrame,
  FrameToServer,
  HostEnforcer,
  JailFrame,
  JailsFrame,
  MissingFrame,
  Question,
  ReceivedByClient,
  ResultsFrame,
  SettledFrame,
  SubscribeFrame,
  WelcomeFrame,
  WithdrawnFrame,
} from '../shared/frames.ts';
import { parseFrameToClient } from '../shared/parse-frame-to-client.ts';
import type { ReceivedCode } from '../shared/refusal.ts';
import type { SealedChannel } from '../shared/sealed-channel.ts';
import { believe, type Session } from './handshake.ts';
import { UplinkError } from './uplink-error.ts';

/** The way out of a connection. */
export interface Wire {
  /** The address of the other end, where it is known. */
  readonly peer: string | undefined;
  send(text: string): void;
  /** Ends the connection for this reason. */
  end(reason: UplinkError): void;
}

/** A server that stays silent so long after a frame is treated as gone. */
export const answerMaxMs = 60_000;
/** Questions that wait for an answer at once. */
const questionsMax = 16;

interface Waiting {
  readonly resolve: (frame: ReceivedByClient) => void;
  readonly reject: (error: Error) => void;
  readonly cancel: () => void;
}

/**
 * An authenticated connection: a frame goes out, its answer comes back. Anything that does not verify, does not parse or
 * answers nothing that was asked ends the connection and changes nothing; a frame that only newer versions know is left alone.
 */
export class Connection {
  readonly welcome: WelcomeFrame;
  readonly #channel: SealedChannel;
  readonly #wire: Wire;
  readonly #clock: Clock;
  /** By the type of the answer, with its id for an answer to a question. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #ended = new AbortController();
  #nextQuestion = 1;
  #takeFeed: ((frame: FeedFrame) => void) | undefined;
  #onUnknown: (type: string) => void = () => undefined;

  constructor(session: Session, wire: Wire, clock: Clock) {
    this.welcome = session.welcome;
    this.#channel = session.channel;
    this.#wire = wire;
    this.#clock = clock;
  }

  /** The address of the server as it is connected, where it is known. */
  get peer(): string | undefined {
    return this.#wire.peer;
  }

  /** Aborted, with the UplinkError as its reason, when the connection ends. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** @throws UplinkError when the connection ends before the answer */
  async sendEvents(frame: EventsFrame): Promise<ResultsFrame<ReceivedCode>> {
    return narrow(await this.#ask('results', frame), 'results');
  }

  /** @throws UplinkError */
  async sendDigests(frame: JailsFrame): Promise<DifferingFrame> {
    return narrow(await this.#ask('differing', frame), 'differing');
  }

  /** Sends a jail's full list, all its parts. @throws UplinkError */
  async sendJail(parts: readonly JailFrame[]): Promise<SettledFrame<ReceivedCode>> {
    const last = parts.at(-1);
    if (last === undefined) throw new Error('a list has at least one part');
    for (const part of parts.slice(0, -1)) this.#send(part);
    const settled = narrow(await this.#ask('settled', last), 'settled');
    if (settled.jail !== last.jail) throw this.#disbelieve(`settled names ${settled.jail}, not ${last.jail}`);
    return settled;
  }

  /** @throws UplinkError */
  async sendMissing(frame: MissingFrame): Promise<WithdrawnFrame> {
    return narrow(await this.#ask('withdrawn', frame), 'withdrawn');
  }

  /** @throws UplinkError */
  async ask(question: Question): Promise<AnswerFrame> {
    if (this.#waiting.size >= questionsMax) throw new UplinkError('silent', `${questionsMax} questions wait already`);
    const id = this.#nextQuestion;
    this.#nextQuestion += 1;
    return narrow(await this.#ask(`answer ${id}`, { type: 'query', id, ...question }), 'answer');
  }

  /** From now on `take` gets each frame of the feed; an UplinkError that it throws ends the connection. */
  subscribe(request: SubscribeFrame, take: (frame: FeedFrame) => void): void {
    this.#takeFeed = take;
    this.#send(request);
  }

  /** Not answered. */
  tellEnforcers(enforcers: readonly HostEnforcer[]): void {
    if (!this.#ended.signal.aborted) this.#send({ type: 'enforcers', enforcers });
  }

  /** From now on `told` gets the type of each frame that only a newer version of this program knows. */
  onUnknown(told: (type: string) => void): void {
    this.#onUnknown = told;
  }

  /** A text from the server. */
  receive(text: string): void {
    try {
      this.#take(this.#open(text));
    } catch (error) {
      if (!(error instanceof UplinkError)) throw error;
      this.close(error);
    }
  }

  /** Ends the connection; everything that waits fails with `reason`. */
  close(reason: UplinkError): void {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort(reason);
    for (const { reject, cancel } of this.#waiting.values()) {
      cancel();
      reject(reason);
    }
    this.#waiting.clear();
    this.#wire.end(reason);
  }

  #open(text: string): ReceivedByClient {
    const opened = this.#channel.open(text);
    if (opened.kind === 'refused') throw new UplinkError('not-believed', opened.refusal.detail);
    return believe(() => parseFrameToClient(opened.value));
  }

  #take(frame: ReceivedByClient): void {
    if (frame.type === 'refused') throw new UplinkError('closed', `refused: ${frame.code}: ${frame.detail}`);
    if (frame.type === 'unknown') {
      this.#onUnknown(frame.name);
      return;
    }
    if (frame.type === 'feed' && this.#takeFeed !== undefined) {
      this.#takeFeed(frame);
      return;
    }
    const name = frame.type === 'answer' ? `answer ${frame.id}` : frame.type;
    const waiting = this.#waiting.get(name);
    if (waiting === undefined) throw new UplinkError('not-believed', `${name} answers nothing that was asked`);
    this.#waiting.delete(name);
    waiting.cancel();
    waiting.resolve(frame);
  }

  #ask(answer: string, frame: FrameToServer): Promise<ReceivedByClient> {
    return new Promise((resolve, reject) => {
      if (this.#ended.signal.aborted) return reject(this.#ended.signal.reason);
      const cancel = this.#clock.after(answerMaxMs, () =>
        this.close(new UplinkError('silent', `no ${answer} in ${answerMaxMs / 1_000} s`)),
      );
      this.#waiting.set(answer, { resolve, reject, cancel });
      this.#send(frame);
    });
  }

  #send(frame: FrameToServer): void {
    this.#wire.send(this.#channel.seal(frame));
  }

  #disbelieve(message: string): UplinkError {
    const error = new UplinkError('not-believed', message);
    this.close(error);
    return error;
  }
}

/** The map of what waits is keyed by the type, so another type here is a fault of ours. */
function narrow<Type extends ReceivedByClient['type']>(
  frame: ReceivedByClient,
  type: Type,
): Extract<ReceivedByClient, { type: Type }> {
  if (isOfType(frame, type)) return frame;
  throw new Error(`${frame.type} was taken for ${type}`);
}

function isOfType<Type extends ReceivedByClient['type']>(
  frame: ReceivedByClient,
  type: Type,
): frame is Extract<ReceivedByClient, { type: Type }> {
  return frame.type === type;
}
