import { mkdir } from 'node:fs/promises';
import type { Bell } from '../shared/bell.ts';
import { Serial } from '../shared/serial.ts';
import { CursorFile } from './cursor-file.ts';
import { Journal } from './journal.ts';
import type { Position } from './journal-record.ts';
import { Lane } from './lane.ts';
import type { Recovered } from './outbox/read-journal.ts';
import { cursorPath, journalPath, type Recovery, recover } from './outbox/recover.ts';
import type { NewEvent, NumberedEvent } from './outbox-event.ts';

export interface OutboxOptions {
  /** Folder of the journal and the cursors; made when missing. */
  readonly directory: string;
  /** One per server: rung when it has something new to send. */
  readonly bells: ReadonlyMap<string, Bell>;
  /** A fresh stream id, never one that was used before. */
  readonly makeStreamId: () => string;
}

/** Below this size a journal is not worth rewriting. */
export const rewriteFromBytes = 262_144;

/** Jails of which the last number is kept; of others it is taken to be that of the jail forgotten last. */
export const jailsKnownMax = 1_000;

interface Way {
  readonly lane: Lane;
  readonly cursor: CursorFile;
}

/**
 * All that is still to be told to the servers. An event is numbered and written to the journal, together with the place
 * in the queue that it was read from, before any server hears of it: so no line gets a second number, and no number a
 * second meaning, wherever the agent is killed.
 *
 * Each start begins a stream of its own, in which it numbers on; what was numbered before stays in its stream. So a state
 * folder that was set back as a whole (a snapshot of a virtual machine) gives no number of a stream a second meaning.
 */
export class Outbox {
  /** Id of the journal, by which its cursors know it. A lost or damaged one begins another. */
  readonly journalId: string;
  /** What is numbered from now on belongs to it. */
  readonly stream: string;
  /** What was wrong with the files when they were opened, a sentence each. */
  readonly damage: readonly string[];
  readonly #journal: Journal;
  readonly #ways = new Map<string, Way>();
  readonly #positions: Map<number, number>;
  readonly #lastInJail = new Map<string, number>();
  readonly #writes = new Serial();
  #forgottenInJails = 0;
  #nextNumber: number;
  #nextTaken: number;
  #isClosed = false;

  private constructor(
    ids: Pick<Outbox, 'journalId' | 'stream'>,
    journal: Journal,
    { journal: recovered, damage }: Recovery,
  ) {
    this.journalId = ids.journalId;
    this.stream = ids.stream;
    this.damage = damage;
    this.#journal = journal;
    this.#positions = new Map(recovered.positions);
    this.#nextNumber = recovered.nextNumber;
    this.#nextTaken = recovered.nextTaken;
  }

  /**
   * Reads what an agent before left to be sent.
   *
   * @throws Error of the file system; a full disk is one only when there is no journal to go on with
   */
  static async open({ directory, bells, makeStreamId }: OutboxOptions): Promise<Outbox> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const stream = makeStreamId();
    const recovery = await recover(directory, bells.keys(), stream);
    const { stream: known, isTrusted } = recovery.journal;
    const journalId = known !== undefined && isTrusted ? known : makeStreamId();
    const outbox = new Outbox({ journalId, stream }, new Journal(journalPath(directory)), recovery);
    for (const [server, bell] of bells) {
      const number = recovery.acknowledged.get(server) ?? 0;
      const cursor = new CursorFile(cursorPath(directory, server), undefined);
      const lane = new Lane(number, () => bell.ring());
      for (const event of recovery.journal.events) if (event.number > number) lane.add(event);
      outbox.#ways.set(server, { lane, cursor });
    }
    await outbox.#begin(recovery.journal);
    return outbox;
  }

  /** What waits for one server. */
  lane(server: string): Lane {
    return this.#way(server).lane;
  }

  /** The number of the last event, 0 when there was never one. */
  get lastNumber(): number {
    return this.#nextNumber - 1;
  }

  /** The number of the last event of a jail since the start, 0 when there was none; never too low. */
  lastNumberIn(jail: string): number {
    return this.#lastInJail.get(jail) ?? this.#forgottenInJails;
  }

  /** Numbers the events and makes them durable, then hands them to the lanes. @throws Error when closed, or not durable */
  async accept(events: readonly NewEvent[], position?: Position): Promise<readonly NumberedEvent[]> {
    if (this.#isClosed) throw new Error('the agent stops, nothing was taken over');
    return this.#writes.inTurn(() => this.#append(events, position));
  }

  /** Remembers what a server has acknowledged. */
  async acknowledge(server: string): Promise<void> {
    const { lane, cursor } = this.#way(server);
    await cursor.advance({ stream: this.journalId, number: lane.cursor });
  }

  /** Where to go on reading a taken file. */
  offsetOf(taken: number): number {
    return this.#positions.get(taken) ?? 0;
  }

  /** No queue file that was read was taken over under this number or a higher one. */
  get nextTaken(): number {
    return this.#nextTaken;
  }

  /** The taken file is gone. */
  forget(taken: number): void {
    this.#positions.delete(taken);
  }

  /** No taken files are there but these: what the journal of the run before says of others is of no use. */
  forgetAllBut(taken: ReadonlySet<number>): void {
    for (const known of this.#positions.keys()) if (!taken.has(known)) this.#positions.delete(known);
  }

  /** Ends after what is being written. Nothing is accepted any more: the next agent may have the journal by then. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writes.inTurn(() => this.#journal.close());
  }

  /** Damage is told once. */
  async #begin(recovered: Recovered): Promise<void> {
    if (recovered.isTrusted) await this.#journal.resume(recovered);
    else await this.#rewrite();
    if (this.damage.length === 0) return;
    // What cannot be noted now is noted with the next answer.
    await Promise.allSettled(Array.from(this.#ways.keys(), (server) => this.acknowledge(server)));
  }

  async #append(events: readonly NewEvent[], position: Position | undefined): Promise<readonly NumberedEvent[]> {
    if (this.#shouldRewrite()) await this.#rewrite();
    const { stream } = this;
    const recorded = events.map((event, index) => ({ number: this.#nextNumber + index, ...event }));
    await this.#journal.append({
      ...{ kind: 'events', stream, events: recorded },
      ...(position === undefined ? {} : { position }),
    });
    this.#nextNumber += recorded.length;
    const numbered = recorded.map((event) => ({ ...event, stream }));
    if (position !== undefined) this.#advance(position);
    for (const event of numbered) this.#hand(event);
    return numbered;
  }

  #advance({ taken, offset }: Position): void {
    this.#positions.set(taken, offset);
    this.#nextTaken = Math.max(this.#nextTaken, taken + 1);
  }

  #hand(event: NumberedEvent): void {
    this.#remember(event);
    for (const { lane } of this.#ways.values()) lane.add(event);
  }

  /** Kept in the order of the numbers, so that the one forgotten is the lowest. */
  #remember({ jail, number }: NumberedEvent): void {
    this.#lastInJail.delete(jail);
    this.#lastInJail.set(jail, number);
    const [oldest] = this.#lastInJail;
    if (this.#lastInJail.size <= jailsKnownMax || oldest === undefined) return;
    this.#lastInJail.delete(oldest[0]);
    this.#forgottenInJails = oldest[1];
  }

  /** After a failed write, and when more than half of a journal is acknowledged, so that the cost stays in proportion. */
  #shouldRewrite(): boolean {
    if (!this.#journal.isSound) return true;
    const waiting = [...this.#ways.values()].reduce((sum, { lane }) => sum + lane.waiting, 0);
    return this.#journal.bytes >= rewriteFromBytes && waiting * 2 < this.#journal.events;
  }

  #rewrite(): Promise<void> {
    const positions = [...this.#positions].map(([taken, offset]) => ({ taken, offset }));
    return this.#journal.rewrite(
      { kind: 'start', stream: this.journalId, nextNumber: this.#nextNumber, nextTaken: this.#nextTaken, positions },
      this.#needed(),
    );
  }

  /** What any server has still to acknowledge, in the order of the numbers. */
  #needed(): NumberedEvent[] {
    const needed = new Map<number, NumberedEvent>();
    for (const { lane } of this.#ways.values()) for (const event of lane.events()) needed.set(event.number, event);
    return [...needed.values()].sort((a, b) => a.number - b.number);
  }

  #way(server: string): Way {
    const way = this.#ways.get(server);
    if (way === undefined) throw new Error(`no server ${server}`);
    return way;
  }
}
