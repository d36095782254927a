import type { Clock } from '../../shared/clock.ts';
import { type CandidateBan, desiredEntries } from '../../shared/desired-entries.ts';
import type { DesiredEntry, HeldEntry } from '../../shared/enforcer.ts';
import { handJail, operatorName } from '../../shared/names.ts';
import type { Network } from '../../shared/network.ts';
import { fitsFilter } from '../../shared/report-filter.ts';
import type { PeerReport, PeerReports } from './peer-reports.ts';
import type { Subscription } from './subscription.ts';

export interface ClaimsOptions {
  /** Those that name one and the same firewall. */
  readonly subscriptions: readonly Subscription[];
  readonly peers: ReadonlyMap<string, PeerReports>;
  readonly mayBlock: (network: Network) => boolean;
  readonly clock: Clock;
  /** Blocked for a trial. */
  readonly onTrial: () => Network | undefined;
}

/** A network with all who report it. */
interface PeerBan extends CandidateBan {
  readonly newest: PeerReport;
}

/** What the subscriptions of one firewall ask of it. */
export class Claims {
  readonly #options: ClaimsOptions;
  #bans: ReadonlyMap<Network, PeerBan> = new Map();
  /** What the firewall held when it was last looked at. */
  #held: readonly HeldEntry[] = [];
  #leftOut = 0;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  /** The report that the last plan blocked a network for. */
  newestOf(network: Network): PeerReport | undefined {
    return this.#bans.get(network)?.newest;
  }

  /** Bans for which the last plan had no room, and the most that there may be. */
  get room(): { readonly leftOut: number; readonly maxEntries: number } {
    return { leftOut: this.#leftOut, maxEntries: this.#maxEntries };
  }

  get #maxEntries(): number {
    return Math.max(...this.#options.subscriptions.map(({ maxEntries }) => maxEntries));
  }

  found(held: readonly HeldEntry[]): void {
    this.#held = held;
  }

  desired(): ReadonlyMap<Network, DesiredEntry> {
    const bans = new Map<Network, PeerBan>();
    for (const report of this.#reports()) bans.set(report.network, withReport(bans.get(report.network), report));
    this.#bans = bans;
    const { clock, mayBlock } = this.#options;
    const given = { now: clock.now(), mayBlock, maxEntries: this.#maxEntries };
    const noMerging = { merge: false, widest: { 4: 0, 6: 0 } } as const;
    const { entries, leftOut } = desiredEntries(bans.values(), { ...given, ...noMerging });
    this.#leftOut = leftOut;
    return new Map([...this.#kept(), ...entries]);
  }

  /** What stays until every server has told what stands; not while one of them holds enforcement. */
  *#kept(): Generator<[Network, DesiredEntry]> {
    const servers = [...this.#options.peers.values()];
    if (servers.every(({ isSettled }) => isSettled) || servers.some(({ isPaused }) => isPaused)) return;
    for (const { network, owner, endsAt = Number.POSITIVE_INFINITY } of this.#held) {
      if (owner === 'ours' && this.#options.mayBlock(network)) yield [network, { network, order: 0, endsAt, note: '' }];
    }
  }

  *#reports(): Generator<PeerReport> {
    const { peers, subscriptions, onTrial } = this.#options;
    const network = onTrial();
    if (network !== undefined) yield { ...trialReport, network };
    for (const [server, reports] of peers) {
      if (reports.isPaused) continue;
      const filters = subscriptions
        .filter(({ servers }) => servers.length === 0 || servers.includes(server))
        .map(({ filter }) => filter);
      for (const report of reports.values()) if (filters.some((filter) => fitsFilter(filter, report))) yield report;
    }
  }
}

function withReport(known: PeerBan | undefined, report: PeerReport): PeerBan {
  const { network, client, order, endsAt } = report;
  const newest = known === undefined || order > known.order ? report : known.newest;
  const claim = { client, sequence: order };
  return {
    network,
    order: newest.order,
    endsAt: Math.max(endsAt, known?.endsAt ?? 0),
    note: `${newest.jail} ${newest.client}`,
    client: newest.client,
    claims: known === undefined ? [claim] : [...known.claims, claim],
    // A trial is asked for by whoever administers this host.
    isOperators: client === operatorName || client === trialReport.client || known?.isOperators === true,
    newest,
  };
}

const trialReport = {
  client: 'trial',
  jail: handJail,
  endsAt: Number.POSITIVE_INFINITY,
  labels: undefined,
  order: Number.MAX_SAFE_INTEGER,
} as const;
