import type { Clock } from '../shared/clock.ts';
import { endOfBan } from './end-of-ban.ts';
import type { JailNames } from './jails/jail-names.ts';
import type { RecentEvents } from './jails/recent-events.ts';
import type { Position } from './journal-record.ts';
import type { Faults } from './observability/faults.ts';
import type { Outbox } from './outbox.ts';
import type { NewEvent } from './outbox-event.ts';
import type { QueueReader } from './queue/taken-files.ts';
import type { EventLine, QueueLine, UnreadableLine } from './queue-line.ts';
import type { UnreadableLog } from './unreadable-log.ts';

export interface IntakeOptions {
  readonly outbox: Outbox;
  readonly unreadable: UnreadableLog;
  readonly faults: Faults;
  readonly clock: Clock;
  /** Which jail hands over under which name. */
  readonly names: Pick<JailNames, 'jailOf' | 'known'>;
  /** Hears of each event. */
  readonly recent: RecentEvents;
  /** A jail's list changed without a line for each network. */
  readonly onListChanged: (jail: string) => void;
  /** Lines could not be read. */
  readonly onUnreadable: (lines: number, first: UnreadableLine) => void;
}

/** The queue is looked at each second; after a longer pause its lines may be old ones. */
const freshMaxMs = 5_000;

/** Turns lines of the queue into events of the outbox; what cannot be read is set aside and stops nothing. */
export class Intake implements QueueReader {
  readonly #options: IntakeOptions;
  #caughtUpMs = Number.NEGATIVE_INFINITY;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get nextTaken(): number {
    return this.#options.outbox.nextTaken;
  }

  offsetOf(taken: number): number {
    return this.#options.outbox.offsetOf(taken);
  }

  forget(taken: number): void {
    this.#options.outbox.forget(taken);
  }

  forgetAllBut(taken: ReadonlySet<number>): void {
    this.#options.outbox.forgetAllBut(taken);
  }

  /** The queue was read to its end just now: the next lines will be new ones. */
  caughtUp(): void {
    this.#caughtUpMs = this.#options.clock.elapsed();
  }

  async accept(lines: readonly QueueLine[], position: Position): Promise<void> {
    const { outbox, clock, names, onListChanged, onUnreadable } = this.#options;
    const isFresh = clock.elapsed() - this.#caughtUpMs <= freshMaxMs;
    await names.known();
    const bad = lines.filter((line) => line.kind === 'unreadable');
    await this.#setAside(bad);
    const nowMs = clock.now();
    const events = lines
      .filter((line) => line.kind === 'event')
      .map((line) => toEvent({ ...line, jail: jailOf(names, line) }, { nowMs, isFresh }));
    this.#note(events);
    await outbox.accept(events, position);
    const [first] = bad;
    if (first !== undefined) onUnreadable(bad.length, first);
    for (const line of lines) if (line.kind === 'flush' || line.kind === 'stop') onListChanged(line.jail);
  }

  #note(events: readonly NewEvent[]): void {
    const { clock, recent } = this.#options;
    const atMs = clock.elapsed();
    for (const { jail, network, verb } of events) recent.note(jail, network, { atMs, isBan: verb === 'ban' });
  }

  /** A full disk is what cuts lines off: that they cannot be kept must not stop those behind them. */
  async #setAside(lines: readonly UnreadableLine[]): Promise<void> {
    if (lines.length === 0) return;
    const { unreadable, faults } = this.#options;
    try {
      await unreadable.setAside(lines);
      faults.end('unreadable lines');
    } catch (error) {
      faults.begin('unreadable lines', error, 'they are counted, but not kept');
    }
  }
}

/** What a person banned stays under the name that was given. */
function jailOf(names: Pick<JailNames, 'jailOf'>, { jail, source }: EventLine): string {
  return source === 'jail' ? names.jailOf(jail) : jail;
}

function toEvent(line: EventLine, time: { readonly nowMs: number; readonly isFresh: boolean }): NewEvent {
  const { verb, jail, network, bantimeSeconds, failedAt, source, labels } = line;
  const endsAt = verb === 'ban' ? endOfBan(bantimeSeconds, failedAt, time) : null;
  const event = { verb, jail, network, endsAt, source, acceptedAt: Math.round(time.nowMs) };
  return labels === undefined || verb !== 'ban' ? event : { ...event, labels };
}
