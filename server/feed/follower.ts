import type { Clock } from '../../shared/clock.ts';
import type { FeedBan, FeedFrame, FeedKey, SubscribeFrame } from '../../shared/frames.ts';
import { limits } from '../../shared/limits.ts';
import { fitsGlob } from '../../shared/names.ts';
import { countPatterns, fitsFilter } from '../../shared/report-filter.ts';
import { sha256Hex } from '../../shared/signing.ts';
import type { Client, Report } from '../ledger/ledger.ts';
import type { StandingBans } from '../standing-bans.ts';
import type { RecentChange, RecentChanges } from './recent-changes.ts';
import type { Turns } from './turns.ts';

/** Reports looked at for one part of a snapshot, so that a filter that lets few through holds up nobody. */
const lookedAtMax = 2_000;
/** Comparing with so many patterns costs as much as everything else about a report. */
const patternsPerLook = 5;

/** A follower is told of changes that do not concern it once they are so many, so that it need not begin anew after a pause. */
const quietMax = 1_000;

/** What all followers draw from. */
export interface FeedParts {
  readonly standing: StandingBans;
  readonly recent: RecentChanges;
  /** Tells one course of changes from another, in which the same number means something else. */
  readonly course: () => string;
  readonly isPaused: () => boolean;
  /** Whether all is known that must not be banned. Until then nobody is told anything: whoever follows keeps what it has. */
  readonly isKnown: () => boolean;
  /** Whether the policy lets a report be blocked, now. */
  readonly mayBlock: (report: Report) => boolean;
  readonly clock: Clock;
  /** For parts of snapshots: what leaves at once calls for the next at once, and very many hosts may begin together. */
  readonly turns: Turns;
}

/** Where a follower is told things. `onSent` is called when the frame has left for the network. */
export type SendFeed = (frame: FeedFrame, onSent: () => void) => void;

interface Snapshot {
  readonly kind: 'snapshot';
  readonly sequence: number;
  readonly reports: Iterator<Report>;
}

type Position = Snapshot | { readonly kind: 'following'; readonly sequence: number };

/**
 * One subscribed connection. It has one frame on its way at a time and a place in the changes, nothing else, so a slow
 * one costs no memory: what it misses meanwhile is still in the recent changes, or it starts from what stands.
 *
 * ```
 *   snapshot ── last part ──▶ following ──┐
 *      ▲                          ▲───────┘ next changes
 *      └── too far behind, or the policy changed
 * ```
 */
export class Follower {
  readonly #parts: FeedParts;
  readonly #client: Client;
  readonly #request: SubscribeFrame;
  readonly #send: SendFeed;
  #position: Position;
  /** As frames call it. */
  #ledger: string;
  /** What it was told last. */
  #told: Pick<FeedFrame, 'sequence' | 'paused'> | undefined;
  #isSending = false;
  #isEnded = false;
  #isWaiting = false;

  constructor(parts: FeedParts, client: Client, request: SubscribeFrame, send: SendFeed) {
    this.#parts = parts;
    this.#client = client;
    this.#request = request;
    this.#send = send;
    this.#ledger = this.#nameLedger();
    const { after, ledger } = request;
    const isKnown = after !== null && ledger === this.#ledger && after <= parts.standing.sequence;
    this.#position = isKnown ? { kind: 'following', sequence: after } : this.#beginSnapshot();
  }

  /** Sends what is next, if anything is and nothing is on its way. */
  pump(): void {
    if (this.#isSending || this.#isEnded || this.#isWaiting || !this.#parts.isKnown()) return;
    const frame = this.#nextChanges();
    if (frame !== undefined) this.#tell(frame);
    else if (this.#position.kind === 'snapshot') this.#waitForTurn();
  }

  /** What may be blocked has changed: begins anew. */
  restart(): void {
    this.#ledger = this.#nameLedger();
    this.#position = this.#beginSnapshot();
    this.pump();
  }

  /** What is on its way still arrives. */
  end(): void {
    this.#isEnded = true;
  }

  /** Of all that decides what a number stands for: whoever was told by other rights or wishes does not know the rest. */
  #nameLedger(): string {
    const { own, filters } = this.#request;
    return sha256Hex(JSON.stringify([this.#parts.course(), this.#client.follows, own, filters])).slice(0, 16);
  }

  #tell(frame: FeedFrame): void {
    this.#isSending = true;
    this.#told = frame;
    this.#send(frame, () => {
      this.#isSending = false;
      this.pump();
    });
  }

  #waitForTurn(): void {
    this.#isWaiting = true;
    this.#parts.turns.wait(() => {
      this.#isWaiting = false;
      if (!this.#isEnded && this.#position.kind === 'snapshot') this.#tell(this.#nextPart(this.#position));
    });
  }

  #beginSnapshot(): Snapshot {
    const { standing } = this.#parts;
    return { kind: 'snapshot', sequence: standing.sequence, reports: standingReports(standing) };
  }

  #nextChanges(): FeedFrame | undefined {
    const { standing, recent } = this.#parts;
    while (this.#position.kind === 'following') {
      const { sequence } = this.#position;
      if (sequence === standing.sequence) return undefined;
      const changes = recent.after(sequence, limits.feedReportsPerFrameMax);
      if (changes === undefined) this.#position = this.#beginSnapshot();
      else {
        const frame = this.#changesFrame(changes);
        if (this.#isWorthTelling(frame)) return frame;
      }
    }
    return undefined;
  }

  #isWorthTelling({ bans, ended, paused, sequence }: FeedFrame): boolean {
    const told = this.#told;
    if (bans.length > 0 || ended.length > 0) return true;
    return told === undefined || told.paused !== paused || sequence - told.sequence >= quietMax;
  }

  /**
   * Bans come and go while a snapshot is under way. That does no harm: the changes since its number follow, and say of
   * each report what became of it.
   */
  #nextPart({ sequence, reports }: Snapshot): FeedFrame {
    const bans: FeedBan[] = [];
    let isLast = false;
    const lookedMost = lookedAtMax / (1 + countPatterns(this.#request.filters) / patternsPerLook);
    for (let looked = 0; looked < lookedMost && bans.length < limits.feedReportsPerFrameMax; looked += 1) {
      const { done, value } = reports.next();
      if (done === true) {
        isLast = true;
        break;
      }
      if (this.#isFor(value) && this.#parts.mayBlock(value)) bans.push(this.#banOf(value));
    }
    if (isLast) this.#position = { kind: 'following', sequence };
    return this.#frame(isLast ? 'snapshot-end' : 'snapshot', sequence, { bans, ended: [] });
  }

  /** Of several changes of one report only the last is told. */
  #changesFrame(changes: readonly RecentChange[]): FeedFrame {
    const { standing } = this.#parts;
    const isAll = changes.length < limits.feedReportsPerFrameMax;
    const sequence = isAll ? standing.sequence : (changes.at(-1)?.sequence ?? standing.sequence);
    this.#position = { kind: 'following', sequence };
    const last = new Map<string, RecentChange>();
    for (const change of changes) if (this.#mayFit(change.report)) last.set(keyOf(change.report), change);
    const [bans, ended]: [FeedBan[], FeedKey[]] = [[], []];
    for (const { report, isBan } of last.values()) {
      if (isBan && this.#isFor(report) && this.#parts.mayBlock(report)) bans.push(this.#banOf(report));
      else ended.push([report.network, report.client, report.jail]);
    }
    return this.#frame('changes', sequence, { bans, ended });
  }

  #frame(part: FeedFrame['part'], sequence: number, told: Pick<FeedFrame, 'bans' | 'ended'>): FeedFrame {
    return { type: 'feed', part, ledger: this.#ledger, sequence, paused: this.#parts.isPaused(), ...told };
  }

  /** A host has its own bans already. What another host reports too goes out as that host's. */
  #isFor(report: Report): boolean {
    const { filters } = this.#request;
    return this.#mayFollow(report) && (filters.length === 0 || filters.some((filter) => fitsFilter(filter, report)));
  }

  /** Whether this report fits, or one of the same key with other labels, of which the follower may have been told. */
  #mayFit(report: Report): boolean {
    const { filters } = this.#request;
    if (!this.#mayFollow(report)) return false;
    return filters.length === 0 || filters.some((filter) => fitsFilter({ ...filter, labels: {} }, report));
  }

  #mayFollow({ client, jail }: Report): boolean {
    if (!this.#request.own && client === this.#client.name) return false;
    return this.#client.follows.some((pattern) => fitsGlob(pattern, jail));
  }

  #banOf({ network, client, jail, endsAt, labels }: Report): FeedBan {
    const remainingMs = endsAt - this.#parts.clock.now();
    const ttlSeconds = Number.isFinite(endsAt) ? Math.max(1, Math.ceil(remainingMs / 1_000)) : null;
    return labels === undefined ? [network, client, jail, ttlSeconds] : [network, client, jail, ttlSeconds, labels];
  }
}

function* standingReports(standing: StandingBans): Generator<Report, undefined> {
  for (const { reports } of standing.values()) yield* reports;
  return undefined;
}

function keyOf({ network, client, jail }: Report): string {
  return `${network} ${client} ${jail}`;
}
