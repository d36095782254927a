import { type Clock, sleep } from '../../../shared/clock.ts';
import type { BanEvent, EventResult } from '../../../shared/frames.ts';
import type { Log } from '../../../shared/host/log.ts';
import type { Network } from '../../../shared/network.ts';
import { isTemporary } from '../../../shared/refusal.ts';
import type { Intake } from '../../intake.ts';
import type { Client } from '../../ledger/ledger.ts';
import { crowdsecClient, ownClient } from '../../own-clients.ts';
import type { StandingBans } from '../../standing-bans.ts';
import { type Claim, chooseClaims } from './choose-claims.ts';
import { CrowdsecApi } from './crowdsec-api.ts';
import { CrowdsecError, type CrowdsecErrorCode } from './crowdsec-error.ts';
import type { CrowdsecSettings } from './crowdsec-settings.ts';
import { type NetworkEvents, planEvents } from './plan-events.ts';
import { type ReadDecisions, readAnswer } from './read-decisions.ts';

export type CrowdsecState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'good' }
  /** `sinceMs` on the clock's `elapsed`: the first of the tries in a row that failed. */
  | {
      readonly kind: 'failing';
      readonly code: CrowdsecErrorCode;
      readonly reason: string;
      readonly sinceMs: number;
    };

/** What the last answer that could be used held. */
export interface CrowdsecCounts {
  /** Decisions that are wanted. */
  readonly decisions: number;
  /** Networks beyond `most`. */
  readonly leftOut: number;
  /** Networks that the policy refuses. */
  readonly refused: number;
  /** Decisions of other types, scopes, origins and scenarios. */
  readonly others: number;
  readonly malformed: number;
}

export interface CrowdsecParts {
  readonly intake: Intake;
  readonly standing: StandingBans;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  /** Calls back once the events that have already arrived are handled (setImmediate). */
  readonly soon: (then: () => void) => void;
}

/** How long what the operator must mend is left alone. */
const deniedPauseMs = 60_000;
/** How long a network that was refused is not asked about again: what stands in its way may go. */
const refusedRestMs = 300_000;
/** Events in one commit; a network has a few more than one only when it changes its jail. */
export const batchMax = 500;
/** CrowdSec is given so many times the rest that an answer took it. */
const restFactor = 20;

/**
 * Keeps the reports of the client `crowdsec/NAME` what one CrowdSec decides, by asking it again and again. While it does
 * not answer, they stay until they end by themselves.
 */
export class CrowdsecSource {
  readonly name: string;
  readonly #settings: CrowdsecSettings;
  readonly #parts: CrowdsecParts;
  readonly #api: CrowdsecApi;
  readonly #client: Client;
  #state: CrowdsecState = { kind: 'starting' };
  #counts: CrowdsecCounts = { decisions: 0, leftOut: 0, refused: 0, others: 0, malformed: 0 };
  #answeredAtMs: number | undefined;
  /** As many as there are claims, at most. */
  #refused = new Map<Network, { readonly newest: number; readonly atMs: number }>();

  constructor(settings: CrowdsecSettings, parts: CrowdsecParts) {
    this.name = crowdsecClient(settings.name);
    this.#settings = settings;
    this.#parts = parts;
    this.#client = ownClient(this.name);
    this.#api = new CrowdsecApi(settings, parts.clock, parts.version);
  }

  get state(): CrowdsecState {
    return this.#state;
  }

  get counts(): CrowdsecCounts {
    return this.#counts;
  }

  /** On the clock's `elapsed`; undefined: it has not answered yet. */
  get answeredAtMs(): number | undefined {
    return this.#answeredAtMs;
  }

  /** Asks until aborted. Never rejects for a reason outside this program. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    while (!signal.aborted) {
      const pauseMs = await this.#pass(signal);
      await sleep(clock, pauseMs, signal);
    }
    this.#api.close();
  }

  /** @returns how long to wait until the next */
  async #pass(signal: AbortSignal): Promise<number> {
    const pollMs = this.#settings.pollSeconds * 1_000;
    const askedAtMs = this.#parts.clock.elapsed();
    try {
      const body = await this.#api.list(signal);
      const tookMs = this.#parts.clock.elapsed() - askedAtMs;
      const read = await readAnswer(body, this.#settings.filter, this.#parts.soon);
      this.#answered();
      await this.#follow(read, signal);
      return Math.max(pollMs, tookMs * restFactor);
    } catch (error) {
      if (!(error instanceof CrowdsecError)) throw error;
      if (!signal.aborted) this.#failed(error);
      return error.code === 'denied' ? Math.max(pollMs, deniedPauseMs) : pollMs;
    }
  }

  /** Makes the reports what was read, a batch at a time, so that others get their turn. */
  async #follow(read: ReadDecisions, signal: AbortSignal): Promise<void> {
    const { standing, clock } = this.#parts;
    const { claims, leftOut } = chooseClaims(read.decisions, this.#settings.most);
    this.#forgetRefused(claims);
    const planned = planEvents(claims, standing.ofClient(this.name), {
      now: clock.now(),
      mayClaim: ({ network, newest }) => this.#refused.get(network)?.newest !== newest,
    });
    const newest = new Map(claims.map((claim) => [claim.network, claim.newest]));
    for (const batch of batchesOf(planned)) {
      if (signal.aborted) return;
      this.#noteRefused(batch, await this.#parts.intake.takeEach(this.#client, batch), newest);
    }
    const { decisions, others, malformed } = read;
    this.#count({ decisions: decisions.length, leftOut, refused: this.#refused.size, others, malformed });
  }

  #noteRefused(events: NetworkEvents, results: readonly EventResult[], newest: ReadonlyMap<Network, number>): void {
    const atMs = this.#parts.clock.elapsed();
    for (const [index, { verb, network }] of events.entries()) {
      const result = results[index];
      if (verb !== 'ban' || result?.outcome !== 'refused' || isTemporary(result.code)) continue;
      this.#refused.set(network, { newest: newest.get(network) ?? 0, atMs });
    }
  }

  /** What is no longer claimed, and what has rested long enough. */
  #forgetRefused(claims: readonly Claim[]): void {
    const claimed = new Set(claims.map(({ network }) => network));
    const restedAtMs = this.#parts.clock.elapsed() - refusedRestMs;
    for (const [network, { atMs }] of this.#refused) {
      if (!claimed.has(network) || atMs <= restedAtMs) this.#refused.delete(network);
    }
  }

  #count(counts: CrowdsecCounts): void {
    const before = this.#counts;
    this.#counts = counts;
    const { log } = this.#parts;
    const { leftOut, malformed } = counts;
    const { most } = this.#settings;
    if (leftOut > 0 && before.leftOut === 0)
      log.warn({ source: this.name, leftOut, most }, 'networks are left out: most is reached');
    if (leftOut === 0 && before.leftOut > 0) log.info({ source: this.name, most }, 'no network is left out any more');
    if (malformed > 0 && before.malformed === 0)
      log.warn({ source: this.name, malformed }, 'decisions that cannot be read are left out');
  }

  #answered(): void {
    this.#answeredAtMs = this.#parts.clock.elapsed();
    if (this.#state.kind !== 'good') this.#parts.log.info({ source: this.name }, 'the source answers');
    this.#state = { kind: 'good' };
  }

  #failed({ code, message: reason }: CrowdsecError): void {
    const before = this.#state;
    const sinceMs = before.kind === 'failing' ? before.sinceMs : this.#parts.clock.elapsed();
    this.#state = { kind: 'failing', code, reason, sinceMs };
    if (before.kind === 'failing' && before.reason === reason) return;
    this.#parts.log.error({ source: this.name, code, reason }, 'the source fails: its reports stay until they end');
  }
}

/** Events of one network stay together. */
function* batchesOf(planned: readonly NetworkEvents[]): Generator<NetworkEvents> {
  let batch: BanEvent[] = [];
  for (const events of planned) {
    if (batch.length + events.length > batchMax && batch.length > 0) {
      yield batch;
      batch = [];
    }
    batch.push(...events);
  }
  if (batch.length > 0) yield batch;
}
