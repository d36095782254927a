import { endAfter } from '../../shared/end-after.ts';
import type { FeedBan, FeedFrame, FeedKey, SubscribeFrame } from '../../shared/frames.ts';
import type { Labels } from '../../shared/labels.ts';
import { limits } from '../../shared/limits.ts';
import type { Network } from '../../shared/network.ts';
import { countPatterns, type ReportFilter } from '../../shared/report-filter.ts';
import { UplinkError } from '../uplink-error.ts';

/** What another host reports, as this one was told. */
export interface PeerReport {
  readonly network: Network;
  readonly client: string;
  readonly jail: string;
  /** Milliseconds since the epoch, by this host's clock; Infinity is permanent. */
  readonly endsAt: number;
  readonly labels: Labels | undefined;
  /** Rises with each that comes. */
  readonly order: number;
}

/** Reports of one server that are kept; a server that tells more is not believed. */
export const peerReportsMax = 500_000;

type Place = Pick<SubscribeFrame, 'after' | 'ledger'>;

interface Staged extends Pick<FeedFrame, 'ledger' | 'sequence'> {
  readonly reports: Map<string, PeerReport>;
}

/** What one server tells of the bans of others. */
export class PeerReports {
  #reports = new Map<string, PeerReport>();
  /** The parts of a snapshot until its end. */
  #staged: Staged | undefined;
  #place: Place = { after: null, ledger: '' };
  #isPaused = false;
  #isDenied = false;
  #order = 0;
  /** No report ends before. */
  #nextEndAt = Number.POSITIVE_INFINITY;

  /** Whether all that stands is known, or was when the connection ended. */
  get isKnown(): boolean {
    return this.#place.after !== null;
  }

  /** Whether nothing is to be waited for: it is known, or this host may not subscribe there. */
  get isSettled(): boolean {
    return this.isKnown || this.#isDenied;
  }

  /** The last sequence number taken in. */
  get sequence(): number {
    return this.#place.after ?? 0;
  }

  /** The server's operator holds enforcement. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  get size(): number {
    return this.#reports.size;
  }

  values(): Iterable<PeerReport> {
    return this.#reports.values();
  }

  /**
   * What a new connection asks for: everything, where there are more filters than a server takes, because each
   * subscription looks again. A snapshot that did not end is forgotten.
   */
  begin(filters: readonly ReportFilter[]): SubscribeFrame {
    this.#staged = undefined;
    this.#isDenied = false;
    return { type: 'subscribe', ...this.#place, own: false, filters: areTaken(filters) ? filters : [] };
  }

  /** The server does not let this host subscribe: what it told before is forgotten. */
  deny(): void {
    this.#reports = new Map();
    this.#staged = undefined;
    this.#place = { after: null, ledger: '' };
    this.#isPaused = false;
    this.#isDenied = true;
  }

  /** @throws UplinkError `not-believed`; nothing is changed then */
  take(frame: FeedFrame, now: number): void {
    if (frame.part === 'changes') this.#takeChanges(frame, now);
    else this.#takePart(frame, now);
    this.#isPaused = frame.paused;
  }

  /** This host's clock was set: what is left of each ban is as it was. */
  clockSet(byMs: number): void {
    for (const reports of [this.#reports, this.#staged?.reports ?? new Map<string, PeerReport>()]) {
      for (const [key, report] of reports) reports.set(key, { ...report, endsAt: report.endsAt + byMs });
    }
    this.#nextEndAt += byMs;
  }

  /** Forgets what is over by now. @returns whether anything was */
  endUntil(now: number): boolean {
    if (now < this.#nextEndAt) return false;
    this.#nextEndAt = Number.POSITIVE_INFINITY;
    const before = this.#reports.size;
    for (const [key, { endsAt }] of this.#reports) {
      if (endsAt <= now) this.#reports.delete(key);
      else this.#nextEndAt = Math.min(this.#nextEndAt, endsAt);
    }
    return this.#reports.size < before;
  }

  #takePart({ part, ledger, sequence, bans, ended }: FeedFrame, now: number): void {
    if (ended.length > 0) throw new UplinkError('not-believed', 'a snapshot names what has ended');
    const staged = this.#stagedFor(ledger, sequence);
    if (staged.reports.size + bans.length > peerReportsMax) throw tooMany();
    for (const ban of bans) this.#put(staged.reports, ban, now);
    this.#staged = staged;
    if (part !== 'snapshot-end') return;
    this.#reports = staged.reports;
    this.#staged = undefined;
    this.#place = { after: sequence, ledger };
  }

  /** A server that begins anew before the end of a snapshot does so under another name or number. */
  #stagedFor(ledger: string, sequence: number): Staged {
    const staged = this.#staged;
    if (staged !== undefined && staged.ledger === ledger && staged.sequence === sequence) return staged;
    return { ledger, sequence, reports: new Map() };
  }

  #takeChanges({ ledger, sequence, bans, ended }: FeedFrame, now: number): void {
    const { after } = this.#place;
    if (after === null || this.#staged !== undefined || ledger !== this.#place.ledger) {
      throw new UplinkError('not-believed', 'changes without the snapshot before them');
    }
    if (sequence < after) throw new UplinkError('not-believed', `sequence ${sequence} after ${after}`);
    if (this.#reports.size + bans.length > peerReportsMax) throw tooMany();
    for (const key of ended) this.#reports.delete(keyOf(key));
    for (const ban of bans) this.#put(this.#reports, ban, now);
    this.#place = { after: sequence, ledger };
  }

  #put(target: Map<string, PeerReport>, ban: FeedBan, now: number): void {
    const [network, client, jail, ttlSeconds, labels] = ban;
    const endsAt = endAfter(now, ttlSeconds);
    this.#order += 1;
    this.#nextEndAt = Math.min(this.#nextEndAt, endsAt);
    target.set(keyOf([network, client, jail]), { network, client, jail, endsAt, labels, order: this.#order });
  }
}

function areTaken(filters: readonly ReportFilter[]): boolean {
  return filters.length <= limits.filtersMax && countPatterns(filters) <= limits.filterPatternsMax;
}

function keyOf([network, client, jail]: FeedKey): string {
  return `${network} ${client} ${jail}`;
}

function tooMany(): UplinkError {
  return new UplinkError('not-believed', `more than ${peerReportsMax} reports`);
}
