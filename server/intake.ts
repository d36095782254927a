import type { Clock } from '../shared/clock.ts';
import type {
  BanEvent,
  EventResult,
  EventsFrame,
  JailFrame,
  JailsFrame,
  MissingFrame,
  ReceivedEvent,
  ResultsFrame,
  SettledFrame,
  WithdrawnFrame,
} from '../shared/frames.ts';
import { digestOf } from '../shared/jail-digest.ts';
import type { Network } from '../shared/network.ts';
import { isTemporary, type Refusal, type RefusalCode } from '../shared/refusal.ts';
import type { Draft } from './draft.ts';
import type { JailLists } from './jail-lists.ts';
import { type Client, LedgerError } from './ledger/ledger.ts';
import { mayUse } from './policy/permission.ts';
import type { Record } from './record.ts';
import type { EntryEffect, HandBan, ReportWriter } from './report-writer.ts';

/** One decision, as it is logged and counted. */
export interface Decision {
  readonly client: string;
  readonly verb: BanEvent['verb'] | 'list';
  readonly jail: string;
  readonly network: string;
  /** `recorded`, `repeated` or the code of the refusal. */
  readonly code: 'recorded' | 'repeated' | RefusalCode;
  readonly detail?: string;
  /** From an event's arrival to its being durable, milliseconds with one decimal. */
  readonly tookMs?: number;
}

export interface IntakeOptions {
  readonly record: Record;
  readonly writer: ReportWriter;
  readonly clock: Clock;
  /** Whether a client of this name may still send; a frame may have waited for the commit that revoked its sender. */
  readonly isEnrolled: (client: string) => boolean;
  readonly onDecision: (decision: Decision) => void;
}

/** What one part of a list did, in its order. */
interface PartEffect {
  readonly entries: readonly EntryEffect[];
  /** Networks of the jail's reports that the whole list did not name. */
  readonly unlisted: readonly Network[];
  /** Digest of what the record then says. */
  readonly recorded: string;
  /** Reports of the jail that an operator lifted and the list names. */
  readonly lifted: number;
}

/** The pause asked for with a temporary refusal. */
const retryAfterMs = 5_000;

/**
 * Turns what an authenticated client sends into reports: frame by frame, each decided by the policy, written, and only
 * then answered.
 */
export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** Never rejects for a reason outside this program: a ledger that cannot write is each event's refusal. */
  async takeEvents(client: Client, frame: EventsFrame): Promise<ResultsFrame> {
    const results = await this.#take(client, frame.events, (draft) => this.#enterEvents(draft, client, frame));
    const isPauseDue = results.some((result) => result.outcome === 'refused' && isTemporary(result.code));
    return { type: 'results', results, ...(isPauseDue ? { retryAfterMs } : {}) };
  }

  /**
   * Events that stand for themselves, in no stream: from the HTTP API, and from this server's own clients. Whoever sends
   * one twice says the same twice.
   */
  takeEach(client: Client, events: readonly (ReceivedEvent | HandBan)[]): Promise<EventResult[]> {
    return this.#take(client, events, (draft) => events.map((event) => this.#enterEvent(draft, client, event)));
  }

  /** Which of these jails' lists differ from what is recorded. Bans made by hand are in no jail's list. */
  async compareDigests(client: Client, digests: JailsFrame['digests'], lists: JailLists): Promise<string[]> {
    const permitted = digests.filter(({ jail }) => mayUse(client, jail));
    const differing = (draft: Draft): string[] =>
      permitted
        .filter(({ jail, digest }) => !lists.agrees(jail, digest, recordedDigest(draft, client, jail)))
        .map(({ jail }) => jail);
    return this.#options.record.read(differing, { client: client.name, cost: digests.length });
  }

  /** Takes one part of a jail's list, which only adds and prolongs; the last part also finds what the list does not name. */
  async takePart(client: Client, frame: JailFrame, lists: JailLists): Promise<SettledFrame | undefined> {
    const list = lists.add(frame);
    const isLast = frame.part === frame.parts;
    const { entries, unlisted, recorded, lifted } = await this.#write(
      { client, cost: frame.entries.length },
      (draft): PartEffect => ({
        entries: this.#options.writer.writeListed(draft, client, frame),
        unlisted: isLast ? findUnlisted(draft, client, frame.jail, list.networks) : [],
        recorded: isLast ? recordedDigest(draft, client, frame.jail) : '',
        lifted: isLast ? draft.ofJail(client.name, frame.jail).filter(({ isLifted }) => isLifted).length : 0,
      }),
      (refusal) => ({ entries: refuseEntries(frame, refusal), unlisted: [], recorded: '', lifted: 0 }),
    );
    list.unlisted = unlisted;
    list.lifted = lifted;
    for (const entry of entries) {
      list.note(entry.code);
      this.#tellEntry(client, frame.jail, entry);
    }
    if (!isLast) return undefined;
    lists.settle(list, recorded);
    return list.toFrame();
  }

  /**
   * Withdraws what a jail was found not to hold any more. A report that was made or prolonged since the networks were first
   * missed stands: the jail has banned anew.
   */
  async takeMissing(client: Client, { jail, seconds, networks }: MissingFrame): Promise<WithdrawnFrame> {
    const count = await this.#write(
      { client, cost: networks.length },
      (draft) => {
        const missedAt = this.#options.clock.now() - seconds * 1_000;
        const reports = networks
          .map((network) => draft.reportOf({ network, client: client.name, jail }))
          .filter((report) => report?.source === 'jail' && report.reportedAt <= missedAt)
          .filter((report) => report !== undefined);
        return draft.withdrawAll(reports, 'not-listed', client.name);
      },
      () => 0,
    );
    return { type: 'withdrawn', jail, count };
  }

  async #take(
    client: Client,
    events: readonly ReceivedEvent[],
    enter: (draft: Draft) => EventResult[],
  ): Promise<EventResult[]> {
    const arrivedAtMs = this.#options.clock.elapsed();
    const refuseAll = (refusal: Refusal) => events.map(({ number }) => refusedResult(number, refusal));
    const results = await this.#write({ client, cost: events.length }, enter, refuseAll);
    const tookMs = Math.round((this.#options.clock.elapsed() - arrivedAtMs) * 10) / 10;
    for (const [index, event] of events.entries()) this.#tell(client, event, results[index], tookMs);
    return results;
  }

  /** @param refuse makes the answer when nothing can be taken in, of this client or at all */
  async #write<Answer>(
    { client, cost }: { readonly client: Client; readonly cost: number },
    enter: (draft: Draft) => Answer,
    refuse: (refusal: Refusal) => Answer,
  ): Promise<Answer> {
    try {
      const { record } = this.#options;
      const enterEnrolled = (draft: Draft): Answer =>
        this.#isRevoked(draft, client)
          ? refuse({ code: 'not-permitted', detail: `${client.name} was revoked` })
          : enter(draft);
      return await record.write(enterEnrolled, { client: client.name, cost });
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      return refuse({ code: 'ledger-unavailable', detail: 'the record cannot be written now' });
    }
  }

  #enterEvents(draft: Draft, client: Client, { stream, events }: EventsFrame): EventResult[] {
    const applied = draft.numberOf(client.name, stream);
    let last = applied;
    const results = events.map((event): EventResult => {
      if (event.number <= applied) return { number: event.number, outcome: 'repeated' };
      const result = this.#enterEvent(draft, client, event);
      if (result.outcome === 'recorded') last = event.number;
      return result;
    });
    if (last > applied) draft.advance(client.name, stream, last);
    return results;
  }

  #enterEvent(draft: Draft, client: Client, event: ReceivedEvent | HandBan): EventResult {
    const refusal = 'refusal' in event ? event.refusal : this.#options.writer.carryOut(draft, client, event);
    if (refusal !== undefined) return refusedResult(event.number, refusal);
    return { number: event.number, outcome: 'recorded' };
  }

  #isRevoked(draft: Draft, { name }: Client): boolean {
    return draft.revokes(name) || !this.#options.isEnrolled(name);
  }

  #tell(client: Client, event: ReceivedEvent, result: EventResult | undefined, tookMs: number): void {
    if (result === undefined) return;
    const subject = 'verb' in event ? event : { verb: 'ban' as const, jail: '', network: '' };
    const outcome =
      result.outcome === 'refused' ? { code: result.code, detail: result.detail } : { code: result.outcome };
    const { verb, jail, network } = subject;
    this.#options.onDecision({ client: client.name, verb, jail, network, ...outcome, tookMs });
  }

  #tellEntry(client: Client, jail: string, { code, ...entry }: EntryEffect): void {
    if (code !== 'by-hand') this.#options.onDecision({ client: client.name, verb: 'list', jail, code, ...entry });
  }
}

/** Networks that the jail's reports ban and its list does not name; what a person banned is in no jail's list. */
function findUnlisted(draft: Draft, client: Client, jail: string, listed: ReadonlySet<Network>): Network[] {
  return draft
    .ofJail(client.name, jail)
    .filter(({ source, network }) => source === 'jail' && !listed.has(network))
    .map(({ network }) => network);
}

function refuseEntries({ entries }: JailFrame, refusal: Refusal): EntryEffect[] {
  return entries.map(([network]) => ({ network, ...refusal }));
}

/** Digest of what the record says that a jail holds, as the agent counts it. */
function recordedDigest(draft: Draft, client: Client, jail: string): string {
  const listed = draft.ofJail(client.name, jail).filter(({ source }) => source === 'jail');
  return digestOf(listed.map(({ network }) => network));
}

function refusedResult(number: number, { code, detail }: Refusal): EventResult {
  return { number, outcome: 'refused', code, detail };
}
