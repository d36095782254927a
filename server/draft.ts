import type { Network } from '../shared/network.ts';
import type { Refusal } from '../shared/refusal.ts';
import type {
  Change,
  Client,
  MarkAdoptedChange,
  OtherChange,
  QuietChange,
  Report,
  ReportKey,
  ReportReason,
  WhitelistEntry,
  WithdrawalReason,
} from './ledger/ledger.ts';
import { forbidding } from './policy/whitelist.ts';
import { hasSameKey, type StandingBans } from './standing-bans.ts';

/** The streams' last numbers, by client and stream. */
export type Streams = Map<string, Map<string, number>>;

/**
 * What stands plus what one commit is about to change, so that each decision sees those before it in the same commit.
 * Nothing of it is real until the commit is.
 */
export class Draft {
  readonly #changes: Change[] = [];
  readonly #standing: StandingBans;
  readonly #streams: Streams;
  readonly #touched = new Map<Network, readonly Report[]>();
  readonly #added = new Map<string, number>();
  /** Jails of which a client had no reports before, by client. */
  readonly #newJails = new Map<string, Set<string>>();
  readonly #numbers = new Map<string, number>();
  readonly #revoked = new Set<string>();
  readonly #allowed = new Set<Network>();
  #forbiddenBy = forbidding([]);
  /** Undefined for one that is revoked and not enrolled again. */
  readonly #clients = new Map<string, Client | undefined>();

  constructor(standing: StandingBans, streams: Streams) {
    this.#standing = standing;
    this.#streams = streams;
  }

  /** In their order. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  reportsOf(network: Network): readonly Report[] {
    return this.#touched.get(network) ?? this.#standing.reportsOf(network);
  }

  /** The report of this key, lifted or not. */
  reportOf(key: ReportKey): Report | undefined {
    return this.reportsOf(key.network).find((report) => hasSameKey(report, key));
  }

  /** All networks that are banned or touched. */
  networks(): Set<Network> {
    return new Set([...Array.from(this.#standing.values(), ({ network }) => network), ...this.#touched.keys()]);
  }

  /** What one client claims for one jail. */
  ofJail(client: string, jail: string): Report[] {
    const standing = this.#standing.ofJail(client, jail).filter(({ network }) => !this.#touched.has(network));
    const touched = [...this.#touched.values()].flat();
    return [...standing, ...touched.filter((report) => report.client === client && report.jail === jail)];
  }

  /** How many reports a client holds. */
  countOfClient(client: string): number {
    return this.#standing.countOfClient(client) + (this.#added.get(client) ?? 0);
  }

  /** Of how many jails a client holds reports, once it has one of this jail too. One withdrawn in this draft still counts. */
  countJailsWith(client: string, jail: string): number {
    const added = this.#newJails.get(client);
    const isKnown = added?.has(jail) === true || this.#standing.countOfClient(client, jail) > 0;
    return this.#standing.countJails(client) + (added?.size ?? 0) + Number(!isKnown);
  }

  /** @param isListed a jail's list told of it, not its ban */
  report(report: Report, isListed = false): void {
    this.#noteJail(report);
    const { own, others } = this.#split(report);
    if (own === undefined) this.#count(report.client, 1);
    this.#touched.set(report.network, [...others, report]);
    this.#changes.push({ kind: 'reported', report, replaces: own, reason: reasonOf(report, own, isListed) });
  }

  /** Nothing happens when no report of this key stands. */
  withdraw(key: ReportKey, reason: WithdrawalReason, actor: string): void {
    const { own, others } = this.#split(key);
    if (own === undefined) return;
    this.#count(key.client, -1);
    this.#touched.set(key.network, others);
    this.#changes.push({ kind: 'withdrawn', report: own, reason, actor });
  }

  /** Withdraws those that no other change of this draft has replaced. @returns how many */
  withdrawAll(reports: readonly Report[], reason: WithdrawalReason, actor: string): number {
    const current = reports.filter((report) => this.reportsOf(report.network).includes(report));
    for (const report of current) this.withdraw(report, reason, actor);
    return current.length;
  }

  /**
   * An operator takes everybody's claims of a network back. What a jail holds stays marked as lifted, so that its list
   * does not bring it back; what a person claimed is gone.
   *
   * @returns those reports, as they were
   */
  lift(network: Network, reason: WithdrawalReason, actor: string): Report[] {
    const reports = this.reportsOf(network).filter(({ isLifted }) => !isLifted);
    for (const own of reports) {
      if (own.source === 'hand') {
        this.withdraw(own, reason, actor);
        continue;
      }
      const lifted = { ...own, isLifted: true, sequence: undefined };
      this.#touched.set(network, [...this.#split(own).others, lifted]);
      this.#changes.push({ kind: 'lifted', report: lifted, replaces: own, reason, actor });
    }
    return reports;
  }

  /** Moves those that no other change of this draft has replaced: they were recorded, and end, so many milliseconds later. */
  moveAll(reports: readonly Report[], byMs: number, actor: string): void {
    for (const own of reports.filter((report) => this.reportsOf(report.network).includes(report))) {
      const { reportedAt, endsAt } = own;
      const report = { ...own, reportedAt: reportedAt + byMs, endsAt: endsAt + byMs, sequence: undefined };
      this.#touched.set(own.network, [...this.#split(own).others, report]);
      this.#changes.push(
        own.isLifted
          ? { kind: 'lifted', report, replaces: own, reason: 'lifted', actor }
          : { kind: 'reported', report, replaces: own, reason: 'prolonged' },
      );
    }
  }

  /** Whitelists a network, and lifts every report that the entry forbids. @returns these, as they were */
  allow(entry: WhitelistEntry, actor: string): Report[] {
    this.add({ kind: 'allowed', entry, actor });
    const forbiddenBy = forbidding([entry.network]);
    const forbidden = [...this.networks()].filter((network) => forbiddenBy(network) !== undefined);
    return forbidden.flatMap((network) => this.lift(network, 'whitelisted', actor));
  }

  /** Adds a change that takes no sequence number and is told to nobody. */
  quietly(change: MarkAdoptedChange): void {
    this.#changes.push(change);
  }

  /** Adds a change that is about no report. */
  add(change: OtherChange | QuietChange): void {
    this.#changes.push(change);
    if (change.kind === 'revoked') this.#revoked.add(change.client);
    if (change.kind === 'revoked') this.#clients.set(change.client, undefined);
    if (change.kind === 'enrolled') this.#clients.set(change.client.name, change.client);
    if (change.kind === 'allowed') this.#allowed.add(change.entry.network);
    if (change.kind === 'disallowed') this.#allowed.delete(change.network);
    if (change.kind === 'allowed' || change.kind === 'disallowed') this.#forbiddenBy = forbidding(this.#allowed);
  }

  /** Whether this very commit ends a client's enrolment: its frames that are behind in it come too late. */
  revokes(client: string): boolean {
    return this.#revoked.has(client);
  }

  /** A client as the changes so far leave it. @param standing as it is without them */
  clientAfter(name: string, standing: Client | undefined): Client | undefined {
    return this.#clients.has(name) ? this.#clients.get(name) : standing;
  }

  /** Why a ban may not follow a whitelist entry of this very commit: the policy knows the entry only afterwards. */
  refuseAllowed(network: Network): Refusal | undefined {
    // Nearly always: no array for each ban.
    if (this.#allowed.size === 0) return undefined;
    const entry = this.#forbiddenBy(network);
    if (entry === undefined) return undefined;
    return { code: 'whitelisted', detail: `${network} overlaps ${entry}, which is being whitelisted` };
  }

  /** The last number of a client's stream that was applied; 0 before the first. */
  numberOf(client: string, stream: string): number {
    return this.#numbers.get(`${client} ${stream}`) ?? this.#streams.get(client)?.get(stream) ?? 0;
  }

  advance(client: string, stream: string, number: number): void {
    const isNew = this.numberOf(client, stream) === 0;
    this.#numbers.set(`${client} ${stream}`, number);
    this.#changes.push({ kind: 'advanced', client, stream, number, isNew });
  }

  #noteJail({ client, jail }: Report): void {
    if (this.#standing.countOfClient(client, jail) > 0) return;
    this.#newJails.set(client, (this.#newJails.get(client) ?? new Set()).add(jail));
  }

  /** The report of this key, as it is now, and the others of its network. */
  #split(key: ReportKey): { readonly own: Report | undefined; readonly others: readonly Report[] } {
    const own = this.reportOf(key);
    return { own, others: this.reportsOf(key.network).filter((other) => other !== own) };
  }

  #count(client: string, by: number): void {
    this.#added.set(client, (this.#added.get(client) ?? 0) + by);
  }
}

/** One that has run out, but was not swept yet, is not prolonged. */
function reasonOf(report: Report, own: Report | undefined, isListed: boolean): ReportReason | undefined {
  if (own !== undefined && !own.isLifted && own.endsAt > report.reportedAt) return 'prolonged';
  return isListed ? 'listed' : undefined;
}
