import { fitsGlob } from '../../shared/names.ts';
import { type Notice, subjectOf, type Told } from './notice.ts';
import type { NoticeFilter } from './notification-settings.ts';
import { WaitingNotices } from './waiting-notices.ts';

/** What is said of the same thing within this time is told together when it is over. */
export const togetherMs = 60_000;
/** Subjects that are remembered; what comes beyond them is told each time. */
export const rememberedMax = 5_000;
/** What could not be told for so long is dropped. */
export const ageMaxMs = 3_600_000;

interface Remembered {
  /** When it was told, on the clock's `elapsed`. */
  toldAtMs: number;
  /** What came since. */
  repeats: number;
  last: Told;
}

/** What one channel is still to be told. It sees its time passed in: `nowMs` is the clock's `elapsed`. */
export class NoticeQueue {
  readonly #filter: NoticeFilter;
  readonly #remembered = new Map<string, Remembered>();
  /** Of bans and unbans, and apart from them of everything else: a flood of bans does not push out the rest. */
  readonly #reports = new WaitingNotices();
  readonly #others = new WaitingNotices();
  #dropped = 0;

  constructor(filter: NoticeFilter) {
    this.#filter = filter;
  }

  /** Notices that wait. */
  get size(): number {
    return this.#reports.size + this.#others.size;
  }

  /** Whether repeats may have to be told once their time is over. */
  get isRemembering(): boolean {
    return this.#remembered.size > 0;
  }

  /** Takes in what happened, if the channel wants to know it. */
  add(notice: Notice, at: number, nowMs: number): void {
    if (!this.#wants(notice)) return;
    const subject = subjectOf(notice);
    const known = this.#remembered.get(subject);
    if (known !== undefined) {
      known.repeats += 1;
      known.last = { notice, at, count: known.repeats };
      return;
    }
    const told = { notice, at, count: 1 };
    if (!this.#push(told, nowMs)) return;
    if (this.#remembered.size < rememberedMax)
      this.#remembered.set(subject, { toldAtMs: nowMs, repeats: 0, last: told });
  }

  /** Takes out the next `most`, the rare before bans and unbans, each the oldest first. */
  take(most: number, nowMs: number): Told[] {
    this.#endTogether(nowMs);
    this.#dropAged(this.#others, nowMs);
    this.#dropAged(this.#reports, nowMs);
    const others = this.#others.take(most);
    return [...others, ...this.#reports.take(most - others.length)];
  }

  /** How many were dropped since this was last asked. */
  takeDropped(): number {
    const dropped = this.#dropped;
    this.#dropped = 0;
    return dropped;
  }

  #wants(notice: Notice): boolean {
    if (notice.kind === 'test') return false;
    if (!this.#filter.kinds.has(notice.kind)) return false;
    if (notice.kind !== 'ban' && notice.kind !== 'unban') return true;
    return this.#filter.jails.some((pattern) => fitsGlob(pattern, notice.jail));
  }

  #push(told: Told, nowMs: number): boolean {
    const { kind } = told.notice;
    const queue = kind === 'ban' || kind === 'unban' ? this.#reports : this.#others;
    const dropped = queue.push(told, nowMs);
    this.#dropped += dropped?.count ?? 0;
    return dropped !== told;
  }

  /** The subjects that were told longest ago stand first. */
  #endTogether(nowMs: number): void {
    for (const [subject, remembered] of this.#remembered) {
      if (nowMs - remembered.toldAtMs < togetherMs) return;
      this.#remembered.delete(subject);
      if (remembered.repeats === 0) continue;
      this.#push(remembered.last, nowMs);
      this.#remembered.set(subject, { toldAtMs: nowMs, repeats: 0, last: remembered.last });
    }
  }

  #dropAged(queue: WaitingNotices, nowMs: number): void {
    this.#dropped += queue.takeAged(ageMaxMs, nowMs).reduce((count, told) => count + told.count, 0);
  }
}
