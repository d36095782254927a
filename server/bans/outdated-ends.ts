import type { Network } from '../../shared/network.ts';
import type { Change, Report } from '../ledger/ledger.ts';
import type { StandingBans } from '../standing-bans.ts';

/** Between two reminders of one network, milliseconds: nobody knows which of its ends a follower holds. */
export const reminderMs = 60_000;

/**
 * What blocks by an end counts from when it got to know it: its end passes up to this much later than ours, milliseconds. A
 * reminder that comes before is lost on it.
 */
export const applyingMaxMs = 10_000;

/** Networks whose ban was taken off that are remembered: one may be banned anew before a follower heard of it. */
const takenOffMax = 10_000;

/** Instants, milliseconds since the epoch. */
interface Span {
  /** When the next of a network's earlier ends may pass. */
  readonly next: number;
  /** When the last of them has passed for everyone. */
  readonly last: number;
}

/**
 * Earlier ends of bans that last longer by now. What blocks by an end that it was once told, and keeps the first, as nftables
 * does, lets a ban go when that end has passed: then it has to be told again.
 *
 * ```
 *   ban for 10 min       again for 1 h, and for 2 h
 *   ├──────────┬─────────────────┬──────────────┤
 *              next … last end, then last        end
 *              └─ due, and each minute up to last
 * ```
 */
export class OutdatedEnds {
  readonly #standing: Pick<StandingBans, 'reportsOf' | 'get'>;
  /** Of bans that stand: no more than these. */
  readonly #spans = new Map<Network, Span>();
  /** Of bans that were taken off before their end, oldest first. */
  readonly #takenOff = new Map<Network, Span>();
  /** No span is due before. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(standing: Pick<StandingBans, 'reportsOf' | 'get'>) {
    this.#standing = standing;
  }

  /** Takes in what was committed, after the standing bans have. */
  note(changes: readonly Change[], now: number): void {
    for (const change of changes) {
      if (change.kind === 'reported') this.#noteReport(change.report, change.replaces);
      if (change.kind === 'withdrawn') this.#noteEnd(change.report, now);
      if (change.kind === 'lifted') this.#noteEnd(change.replaces, now);
    }
  }

  /** Bans of which an earlier end has passed, or may have. */
  due(now: number): Network[] {
    if (now < this.#earliest) return [];
    const due = [...this.#spans].filter(([, { next }]) => next <= now).map(([network]) => network);
    for (const network of due) this.#goOn(network, now);
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const { next } of this.#spans.values()) this.#earliest = Math.min(this.#earliest, next);
    return due;
  }

  /** The last end is looked at when it has passed, however soon that is. */
  #goOn(network: Network, now: number): void {
    const { last } = this.#spans.get(network) ?? { last: now };
    if (last <= now) this.#spans.delete(network);
    else this.#spans.set(network, { next: Math.min(now + reminderMs, last), last });
  }

  #noteReport(report: Report, replaced: Report | undefined): void {
    const { network } = report;
    const others = this.#standing.reportsOf(network);
    const before = this.#takenOff.get(network);
    this.#takenOff.delete(network);
    // Nearly always: a new ban.
    if (replaced === undefined && before === undefined && others.length < 2) return;
    const ends = [...others, ...(replaced === undefined ? [] : [replaced])].map(({ endsAt }) => endsAt);
    const end = Math.max(...ends);
    const told = before === undefined ? ends : [...ends, before.next, before.last];
    const earlier = told.filter((each) => each < end && each > report.reportedAt);
    if (earlier.length === 0) return;
    this.#add(this.#spans, network, { next: Math.min(...earlier), last: Math.max(...earlier) + applyingMaxMs });
  }

  /** A ban that is taken off may be made anew, for longer, before anybody has asked. */
  #noteEnd({ network, endsAt }: Report, now: number): void {
    const isStanding = this.#standing.get(network) !== undefined;
    const span = { next: endsAt, last: endsAt + applyingMaxMs };
    if (Number.isFinite(endsAt) && endsAt > now) this.#add(isStanding ? this.#spans : this.#takenOff, network, span);
    const known = this.#spans.get(network);
    if (isStanding || known === undefined) return;
    this.#spans.delete(network);
    this.#add(this.#takenOff, network, known);
  }

  #add(spans: Map<Network, Span>, network: Network, { next, last }: Span): void {
    const known = spans.get(network);
    const span = { next: Math.min(next, known?.next ?? next), last: Math.max(last, known?.last ?? last) };
    spans.set(network, span);
    if (spans === this.#spans) this.#earliest = Math.min(this.#earliest, span.next);
    const [oldest] = this.#takenOff.keys();
    if (this.#takenOff.size > takenOffMax && oldest !== undefined) this.#takenOff.delete(oldest);
  }
}
