import type { Clock } from '../shared/clock.ts';
import { endAfter } from '../shared/end-after.ts';
import type { BanEvent, JailFrame } from '../shared/frames.ts';
import type { Network } from '../shared/network.ts';
import type { Refusal } from '../shared/refusal.ts';
import type { Draft } from './draft.ts';
import type { EntryOutcome } from './jail-lists.ts';
import type { Client, Report } from './ledger/ledger.ts';
import type { Attempt } from './policy/permission.ts';
import type { Policy } from './policy/policy.ts';

/** A ban by hand; the operator's may be meant although the network is a host's. */
export interface HandBan extends BanEvent {
  readonly evenHost?: boolean;
}

/** What became of one entry of a jail's list. */
export interface EntryEffect {
  readonly network: Network;
  readonly code: EntryOutcome;
  readonly detail?: string;
}

/** A list prolongs a report only by more than this: seconds pass on the way. */
const ttlToleranceMs = 60_000;

/**
 * Writes into a draft what a client says, as the policy allows it. Nothing else makes reports: hosts, HTTP and this
 * server's own clients come through intake. The operator's ban comes straight here, for it is answered with what it
 * replaced, and a ledger that cannot write is its error, not a refusal.
 */
export class ReportWriter {
  readonly #policy: Policy;
  readonly #clock: Clock;

  constructor(policy: Policy, clock: Clock) {
    this.#policy = policy;
    this.#clock = clock;
  }

  /** Does what an event asks for. @returns why not */
  carryOut(draft: Draft, client: Client, event: HandBan): Refusal | undefined {
    if (event.verb === 'ban') return this.write(draft, client, this.makeReport(client, event));
    const refusal = this.#refuse(draft, client, event);
    if (refusal !== undefined) return refusal;
    const { network, jail } = event;
    if (event.verb === 'lift') draft.lift(network, 'lifted', client.name);
    else draft.withdraw({ network, client: client.name, jail }, 'unban', client.name);
    return undefined;
  }

  /** A client's ban as a report from now on. */
  makeReport(client: Client, claim: Omit<HandBan, 'number' | 'verb'>): Report {
    const { network, jail, ttlSeconds, source, labels, evenHost } = claim;
    const reportedAt = this.#clock.now();
    const endsAt = endAfter(reportedAt, ttlSeconds);
    const report = { network, client: client.name, jail, source, reportedAt, endsAt, isLifted: false, labels };
    return evenHost === true ? { ...report, evenHost } : report;
  }

  /** Takes a report in; one of the same key is replaced. @returns why not */
  write(draft: Draft, client: Client, report: Report): Refusal | undefined {
    const refusal = this.#refuseReport(draft, client, report);
    if (refusal === undefined) draft.report(report);
    return refusal;
  }

  /**
   * Adds and prolongs what a list's part names. It shortens nothing, and brings nothing back that an operator lifted: only
   * a ban does.
   *
   * @returns what became of each entry of a list's part that was not recorded before
   */
  writeListed(draft: Draft, client: Client, { jail, entries }: JailFrame): EntryEffect[] {
    return entries.flatMap(([network, ttlSeconds, bound]) => {
      const known = draft.reportOf({ network, client: client.name, jail });
      if (known?.source === 'hand') return { network, code: 'by-hand' };
      // A list has no labels: those of the ban stay.
      const labels = known?.labels;
      const report = this.makeReport(client, { jail, network, ttlSeconds, source: 'jail', labels });
      if (known !== undefined && (known.isLifted || bound === 'at-most' || !prolongs(report, known))) return [];
      const refusal = this.#refuseReport(draft, client, report);
      if (refusal !== undefined) return { network, ...refusal };
      draft.report(report, true);
      return { network, code: 'recorded' };
    });
  }

  #refuseReport(draft: Draft, client: Client, { network, jail, source }: Report): Refusal | undefined {
    return this.#refuse(draft, client, { verb: 'ban', network, jail, source }) ?? draft.refuseAllowed(network);
  }

  #refuse(draft: Draft, client: Client, attempt: Attempt): Refusal | undefined {
    const { name } = client;
    const { network, jail } = attempt;
    const isNew = draft.reportOf({ network, client: name, jail }) === undefined;
    const holding = { reports: draft.countOfClient(name) + Number(isNew), jails: draft.countJailsWith(name, jail) };
    return this.#policy.refuse(attempt, client, holding);
  }
}

function prolongs(listed: Report, known: Report): boolean {
  return listed.endsAt > known.endsAt + ttlToleranceMs;
}
