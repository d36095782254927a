import type { Network } from '../../shared/network.ts';
import type { Change, Report } from '../ledger/ledger.ts';
import type { StandingBans } from '../standing-bans.ts';

/** Between two reminders of one network, milliseconds: nobody knows which of its ends a follower holds. */
export const reminderMs = 60_000;

/** Instants, milliseconds since the epoch. */
interface Span {
  /** When the next of a network's earlier ends may pass. */
  next: number;
  /** The last of them. */
  last: number;
}

/**
 * Earlier ends of bans that last longer by now. What blocks by an end that it was once told, and keeps the first, as nftables
 * does, lets a ban go when that end has passed: then it has to be told again.
 *
 * ```
 *   ban for 10 min       again for 1 h, and for 2 h
 *   ├──────────┬─────────────┬──────────────────┤
 *              next ……… last                     end
 *              └─ due, and each minute up to last
 * ```
 */
export class OutdatedEnds {
  readonly #standing: Pick<StandingBans, 'reportsOf' | 'get'>;
  /** Of bans that stand: no more than these. */
  readonly #spans = new Map<Network, Span>();
  /** No span is due before. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(standing: Pick<StandingBans, 'reportsOf' | 'get'>) {
    this.#standing = standing;
  }

  /** Takes in what was committed, after the standing bans have. */
  note(changes: readonly Change[]): void {
    for (const change of changes) if (change.kind === 'reported') this.#noteReport(change.report, change.replaces);
  }

  /** Bans of which an earlier end has passed, or may have. */
  due(now: number): Network[] {
    if (now < this.#earliest) return [];
    const due: Network[] = [];
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const [network, span] of this.#spans) {
      if (span.next <= now) {
        if (this.#standing.get(network) !== undefined) due.push(network);
        if (span.last <= now || this.#standing.get(network) === undefined) this.#spans.delete(network);
        // The last one is looked at when it has passed, however soon that is.
        span.next = Math.max(Math.min(now + reminderMs, span.last), now + 1);
      }
      if (this.#spans.has(network)) this.#earliest = Math.min(this.#earliest, span.next);
    }
    return due;
  }

  #noteReport(report: Report, replaced: Report | undefined): void {
    const others = this.#standing.reportsOf(report.network);
    if (replaced === undefined && others.length < 2) return;
    const ends = [...others, ...(replaced === undefined ? [] : [replaced])].map(({ endsAt }) => endsAt);
    const end = Math.max(...ends);
    const earlier = ends.filter((each) => each < end && each > report.reportedAt);
    if (earlier.length > 0) this.#add(report.network, { next: Math.min(...earlier), last: Math.max(...earlier) });
  }

  #add(network: Network, { next, last }: Span): void {
    const known = this.#spans.get(network);
    const span = { next: Math.min(next, known?.next ?? next), last: Math.max(last, known?.last ?? last) };
    this.#spans.set(network, span);
    this.#earliest = Math.min(this.#earliest, span.next);
  }
}
