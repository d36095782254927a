import { Escalation, type EscalationOptions, type EscalationState } from '../../../server/escalation/escalation.ts';
import type { EscalationSettings } from '../../../server/escalation/escalation-settings.ts';
import type { BanEvent } from '../../../shared/frames.ts';
import { until } from '../../until.ts';
import { Core } from '../core.ts';
import { makeClient, makeEvent, network } from '../samples.ts';

export const minute = 60_000;
export const day = 1_440 * minute;

export const usual: EscalationSettings = {
  withinMs: 7 * day,
  steps: [
    { count: 3, forMs: day },
    { count: 5, forMs: 7 * day },
    { count: 6, forMs: Number.POSITIVE_INFINITY },
  ],
  neighbours: undefined,
};

/** Escalation at work on a server's heart, with a clock that the test moves. */
export class EscalationUnderTest {
  readonly core: Core;
  readonly escalation: Escalation;
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #number = 0;

  constructor(
    core: Core,
    settings: EscalationSettings | undefined,
    rest: Pick<EscalationOptions, 'meanwhileMax'> = {},
  ) {
    const { ledger, standing, intake, clock } = core;
    this.core = core;
    this.escalation = new Escalation({ settings, ledger, standing, intake, clock, onUnread: () => undefined, ...rest });
    core.afterCommit = (changes, at) => this.escalation.committed(changes, at);
    this.#running = this.escalation.run(this.#ending.signal);
  }

  static async start(settings: EscalationSettings | undefined = usual): Promise<EscalationUnderTest> {
    return new EscalationUnderTest(await Core.make(), settings);
  }

  get state(): EscalationState {
    const { state } = this.escalation;
    if (state === undefined) throw new Error('it is off');
    return state;
  }

  /** Our own reports, as `network jail seconds`, sorted. */
  get own(): string[] {
    const now = this.core.clock.now();
    const reports = [...this.core.standing.values()].flatMap(({ reports: each }) => each);
    return reports
      .filter(({ client }) => client === 'escalation')
      .map(({ network: which, jail, endsAt }) => `${which} ${jail} ${Math.round((endsAt - now) / 1_000)}`)
      .sort();
  }

  /** A ban by a jail, and its end right after. @returns the outcomes */
  async offend(text: string, rest: Partial<BanEvent> = {}, client = 'web1'): Promise<string[]> {
    const [ban, end] = [this.#event(text, rest), this.#event(text, { ...rest, verb: 'unban' })];
    return await this.core.send(makeClient({ name: client }), [ban, end], 'offences');
  }

  /** So many, two minutes apart. */
  async offendTimes(times: number, text: string): Promise<void> {
    for (let time = 0; time < times; time += 1) {
      await this.offend(text);
      this.core.clock.advance(2 * minute);
    }
  }

  /** A ban that stays. */
  async ban(text: string, rest: Partial<BanEvent> = {}, client = 'web1'): Promise<string[]> {
    return await this.core.send(makeClient({ name: client }), [this.#event(text, rest)], 'offences');
  }

  /** As the operator's `unban`. */
  async lift(text: string): Promise<void> {
    await this.core.record.write((draft) => {
      draft.lift(network(text), 'lifted', 'operator');
    });
  }

  /** Until history is read and all that follows is recorded. */
  async settle(): Promise<void> {
    await until(() => !this.state.isReading && this.state.waiting === 0, 'escalation has nothing to do');
    await this.core.record.read(() => undefined);
    await this.core.record.drain();
    // What is answered is counted right after.
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** Ends it as a crash does, and starts another on the same ledger. */
  async restart(settings: EscalationSettings | undefined = usual): Promise<EscalationUnderTest> {
    await this.stop();
    this.core.afterCommit = () => undefined;
    return new EscalationUnderTest(await Core.make(this.core.ledger, this.core.clock), settings);
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  #event(text: string, rest: Partial<BanEvent>): BanEvent {
    // A new number each time, also after a restart.
    this.#number = Math.max(this.#number + 1, this.core.clock.elapsed() * 10 + 1);
    return makeEvent(this.#number, text, { ttlSeconds: 600, ...rest });
  }
}
