import type { Clock } from '../../shared/clock.ts';
import { describeError } from '../../shared/errors.ts';
import type { Log } from '../../shared/host/log.ts';
import { DeliveryError } from './channel.ts';
import { Delivery, type DeliveryEvent, type OpenedChannel } from './delivery.ts';
import type { Notice, NoticeKind } from './notice.ts';

export interface NotificationsOptions {
  readonly channels: readonly OpenedChannel[];
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** What came of one channel's test. */
export interface Tested {
  readonly name: string;
  readonly outcome: 'done' | 'failed';
  /** Why it failed. */
  readonly detail?: string;
  readonly tookMs: number;
}

/** All that others are told: see each {@link Delivery}. */
export class Notifications {
  readonly #options: NotificationsOptions;
  readonly #deliveries: readonly Delivery[];
  readonly #wanted: ReadonlySet<NoticeKind>;
  #ids = 0;

  constructor(options: NotificationsOptions) {
    const { channels, clock, random } = options;
    const startedAt = clock.now().toString(36);
    const newId = (): string => {
      this.#ids += 1;
      return `${startedAt}-${this.#ids}`;
    };
    const onEvent = (channel: string, event: DeliveryEvent): void => this.#log(channel, event);
    this.#options = options;
    this.#deliveries = channels.map((opened) => new Delivery({ opened, clock, random, newId, onEvent }));
    this.#wanted = new Set(channels.flatMap(({ filter }) => [...filter.kinds]));
  }

  /** How each channel stands. */
  get status(): readonly Delivery['status'][] {
    return this.#deliveries.map(({ status }) => status);
  }

  get names(): readonly string[] {
    return this.#deliveries.map(({ name }) => name);
  }

  /** Whether anybody wants to know this: tens of thousands of bans a second need no notice made of them for nobody. */
  isWanted(kind: NoticeKind): boolean {
    return this.#wanted.has(kind);
  }

  /** Returns at once. */
  tell(notice: Notice): void {
    for (const delivery of this.#deliveries) delivery.tell(notice);
  }

  /** Tells a test now. @param names as `webhook/chat` */
  async test(names: readonly string[], signal: AbortSignal): Promise<readonly Tested[]> {
    const chosen = this.#deliveries.filter(({ name }) => names.includes(name));
    return await Promise.all(chosen.map((delivery) => this.#testOne(delivery, signal)));
  }

  /** Works until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.run(signal)));
  }

  async #testOne(delivery: Delivery, signal: AbortSignal): Promise<Tested> {
    const { clock } = this.#options;
    const { name } = delivery;
    const startedAtMs = clock.elapsed();
    const took = (): number => Math.round(clock.elapsed() - startedAtMs);
    try {
      await delivery.test(signal);
      return { name, outcome: 'done', tookMs: took() };
    } catch (error) {
      if (!(error instanceof DeliveryError)) throw error;
      return { name, outcome: 'failed', detail: describeError(error), tookMs: took() };
    }
  }

  #log(channel: string, event: DeliveryEvent): void {
    const { log } = this.#options;
    if (event.kind === 'failed') log.error({ channel, reason: event.reason }, 'notifications do not get through');
    else if (event.kind === 'recovered') log.info({ channel }, 'notifications get through again');
    else log.warn({ channel, count: event.count }, 'notifications were dropped');
  }
}
