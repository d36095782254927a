import type { Core } from '../../../../server/core.ts';
import type { Decision } from '../../../../server/http/crowdsec/decision.ts';
import type { DecisionFilter } from '../../../../server/http/crowdsec/decision-filter.ts';
import { DecisionStream } from '../../../../server/http/crowdsec/decision-stream.ts';
import { Positions } from '../../../../server/http/crowdsec/positions.ts';
import type { Client } from '../../../../server/ledger/ledger.ts';
import type { BanEvent } from '../../../../shared/frames.ts';
import { ManualClock } from '../../../manual-clock.ts';
import { FailingLedger } from '../../failing-ledger.ts';
import { makeClient, makeEvent } from '../../samples.ts';
import { coreSettings, openCore } from '../../whole-core.ts';

/** What a test sees of one answer. */
export interface StreamAnswer {
  readonly deleted: readonly Decision[] | null;
  readonly new: readonly Decision[] | null;
}

/** What becomes of an answer: it arrives, or has left and is lost as its connection breaks, or that ends before it has left. */
export type Fate = 'heard' | 'lost' | 'cut';

interface Polling {
  readonly startup?: boolean;
  readonly fate?: Fate;
  readonly filter?: DecisionFilter;
}

const everything: DecisionFilter = () => true;

/** The decision stream on a whole server but for its sockets, which a test can start again with the same ledger. */
export class StreamUnderTest {
  readonly ledger: FailingLedger;
  readonly clock: ManualClock;
  #opened: Opened;

  private constructor(ledger: FailingLedger, clock: ManualClock, opened: Opened) {
    this.ledger = ledger;
    this.clock = clock;
    this.#opened = opened;
  }

  static async start(): Promise<StreamUnderTest> {
    const [ledger, clock] = [new FailingLedger(), new ManualClock()];
    return new StreamUnderTest(ledger, clock, await open(ledger, clock, []));
  }

  get core(): Core {
    return this.#opened.core;
  }

  get turns(): number {
    return this.#opened.turns.count;
  }

  /** As after a kill: only what the ledger holds is left. */
  async restart(whitelist: readonly string[] = []): Promise<void> {
    await this.core.record.drain();
    this.#opened = await open(this.ledger, this.clock, whitelist);
  }

  /** Enrolls a client, or changes what one may. */
  async enroll(rest: Partial<Client>): Promise<Client> {
    const client = makeClient({ may: ['subscribe'], ...rest });
    await this.core.record.write((draft) => draft.add({ kind: 'enrolled', client, actor: 'operator' }));
    return client;
  }

  async event(client: string, text: string, rest: Partial<BanEvent> = {}): Promise<void> {
    if (this.core.clients.get(client) === undefined && !client.includes('/')) await this.enroll({ name: client });
    const sender = makeClient({ name: client, may: ['ban', 'unban', 'operate'] });
    await this.core.intake.takeEach(sender, [makeEvent(0, text, rest)]);
  }

  whitelist(...texts: readonly string[]): void {
    this.core.configure(coreSettings(texts));
  }

  async pause(kind: 'paused' | 'resumed'): Promise<void> {
    await this.core.record.write((draft) => draft.add({ kind, actor: 'operator' }));
  }

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.core.sweep();
  }

  async ask(client: Client, { startup = false, fate = 'heard', filter = everything }: Polling = {}) {
    const asking = { isStartup: startup, filter };
    const outcome = await this.#opened.stream.answer(this.core.clients.get(client.name) ?? client, asking);
    if ('problem' in outcome) throw new Error(outcome.problem.detail);
    const told: StreamAnswer = JSON.parse(String(outcome.answer.body));
    const end = (): void => {
      outcome.onEnd?.(fate !== 'cut');
      if (fate === 'lost') outcome.onBreak?.();
    };
    return { told, end };
  }
}

interface Opened {
  readonly core: Core;
  readonly stream: DecisionStream;
  /** How often an answer let others have their turn. */
  readonly turns: { readonly count: number };
}

async function open(ledger: FailingLedger, clock: ManualClock, whitelist: readonly string[]): Promise<Opened> {
  const core = await openCore(ledger, clock, whitelist);
  const bouncers = new Positions(core.clients, core.record);
  const isPaused = (): boolean => core.isPaused;
  const turns = { count: 0 };
  const soon = (then: () => void): void => {
    turns.count += 1;
    setImmediate(then);
  };
  return { core, stream: new DecisionStream({ ...core, isPaused, bouncers, ledger, clock, soon }), turns };
}

/** How a bouncer applies an answer: most delete first and keep the end of what they have; others add first. */
export type Manner = 'deletes first, keeps ends' | 'adds first, takes ends';

interface Habits {
  readonly manner?: Manner;
  /** Between an answer and when its firewall begins to count, milliseconds. */
  readonly lagMs?: number;
}

/** A bouncer that lets its firewall drop what has run out. */
export class Bouncer {
  readonly #stream: StreamUnderTest;
  readonly #client: Client;
  readonly #manner: Manner;
  readonly #lagMs: number;
  readonly #blocked = new Map<string, number>();
  #isFresh = true;

  constructor(stream: StreamUnderTest, client: Client, { manner = 'adds first, takes ends', lagMs = 0 }: Habits = {}) {
    this.#stream = stream;
    this.#client = client;
    this.#manner = manner;
    this.#lagMs = lagMs;
  }

  /** What it blocks now, sorted. */
  get blocked(): string[] {
    const now = this.#stream.clock.now();
    return [...this.#blocked].flatMap(([value, endsAt]) => (endsAt > now ? value : [])).sort();
  }

  endOf(text: string): number | undefined {
    return this.#blocked.get(text);
  }

  /** Killed and started: its firewall keeps what it has. */
  restart(): void {
    this.#isFresh = true;
  }

  /** @returns what it was told, as `-value` and `+value duration` */
  async poll(fate: Fate = 'heard', filter?: DecisionFilter): Promise<string[]> {
    const polling = { startup: this.#isFresh, fate, ...(filter === undefined ? {} : { filter }) };
    const { told, end } = await this.#stream.ask(this.#client, polling);
    end();
    if (fate !== 'heard') return [];
    this.#isFresh = false;
    this.#take(told);
    return [
      ...(told.deleted ?? []).map(({ value }) => `-${value}`),
      ...(told.new ?? []).map(({ value, duration }) => `+${value} ${duration}`),
    ];
  }

  #take(told: StreamAnswer): void {
    const [deleted, added] = [told.deleted ?? [], told.new ?? []];
    const isDeleted = new Set(deleted.map(({ value }) => value));
    const both = added.filter(({ value }) => isDeleted.has(value)).map(({ value }) => value);
    if (both.length > 0) throw new Error(`${both.join()} stands in both lists`);
    if (this.#manner === 'deletes first, keeps ends') this.#delete(deleted);
    this.#add(added);
    if (this.#manner === 'adds first, takes ends') this.#delete(deleted);
  }

  #delete(deleted: readonly Decision[]): void {
    for (const { value } of deleted) this.#blocked.delete(value);
  }

  #add(added: readonly Decision[]): void {
    const now = this.#stream.clock.now();
    const keeps = (value: string): boolean =>
      this.#manner === 'deletes first, keeps ends' && (this.#blocked.get(value) ?? 0) > now;
    for (const { value, duration } of added)
      if (!keeps(value)) this.#blocked.set(value, now + this.#lagMs + parseGoDuration(duration));
  }
}

/** @returns milliseconds */
export function parseGoDuration(text: string): number {
  const match = /^(-?)(?:(\d+)h)?(?:(\d+)m)?(?:([\d.]+)s)?$/.exec(text);
  if (match === null) throw new Error(`${text} is no duration`);
  const [, sign, hours = '0', minutes = '0', seconds = '0'] = match;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000;
}
