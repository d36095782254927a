import {
  addressBits,
  type Family,
  familyOf,
  type Network,
  networkFrom,
  prefixLengthOf,
  rangeOf,
} from '../shared/network.ts';
import { ExpiryCalendar } from './expiry-calendar.ts';
import { type Change, isNumbered, type LedgerState, type Report, type ReportKey } from './ledger/ledger.ts';

/** A network that at least one live report claims. */
export interface Ban {
  readonly network: Network;
  readonly reports: readonly Report[];
  /** It ends by itself with its last report. Milliseconds since the epoch, Infinity is permanent. */
  readonly endsAt: number;
  /** Sequence number of the newest claim. */
  readonly sequence: number;
}

/**
 * A network with all that is recorded about it: also reports that an operator lifted, which claim nothing. A class, because
 * it says its end without room for a number more in each of a hundred thousand.
 */
class Recorded implements Ban {
  readonly network: Network;
  readonly reports: readonly Report[];
  readonly lifted: readonly Report[];
  readonly sequence: number;

  constructor(network: Network, reports: readonly Report[], lifted: readonly Report[], sequence: number) {
    this.network = network;
    this.reports = reports;
    this.lifted = lifted;
    this.sequence = sequence;
  }

  get endsAt(): number {
    return lastEndOf(this.reports);
  }
}

const families: readonly Family[] = [4, 6];
const none: readonly Report[] = [];

/** When the last of these reports ends. Milliseconds since the epoch, Infinity is permanent. */
export function lastEndOf(reports: readonly Report[]): number {
  let last = 0;
  for (const { endsAt } of reports) if (endsAt > last) last = endsAt;
  return last;
}

/**
 * What the ledger says, in memory: look-ups, digests and reconcilers never ask the disk. Rebuilt from the ledger at the
 * start and followed by sequence number; only committed changes get in.
 */
export class StandingBans {
  readonly #recorded = new Map<Network, Recorded>();
  /** How many of them are bans. */
  #size = 0;
  readonly #ofClient = new Map<string, Map<string, Set<Network>>>();
  readonly #expiry = new ExpiryCalendar();
  /** How many bans there are of each width. */
  readonly #prefixLengths: Readonly<Record<Family, Map<number, number>>> = { 4: new Map(), 6: new Map() };
  readonly #onChange: () => void;
  #sequence = 0;

  /** @param onChange called once after each batch that changed anything */
  constructor(state: LedgerState, onChange: () => void) {
    this.#onChange = onChange;
    for (const report of state.reports) this.#put(report);
    this.#sequence = state.sequence;
  }

  /** The last change that is in here. */
  get sequence(): number {
    return this.#sequence;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether there is a ban, or a lifted report, of more than one address. */
  get hasCidrs(): boolean {
    return families.some((family) =>
      [...this.#prefixLengths[family].keys()].some((length) => length < addressBits[family]),
    );
  }

  get(network: Network): Ban | undefined {
    const recorded = this.#recorded.get(network);
    return recorded !== undefined && recorded.reports.length > 0 ? recorded : undefined;
  }

  /** The bans that cover all of a network: its own, and wider ones. */
  covering(network: Network): Ban[] {
    const { family, first, prefixLength } = rangeOf(network);
    return [...this.#prefixLengths[family].keys()]
      .filter((length) => length <= prefixLength)
      .flatMap((length) => this.get(networkFrom(family, first, length)) ?? []);
  }

  *values(): IterableIterator<Ban> {
    for (const recorded of this.#recorded.values()) if (recorded.reports.length > 0) yield recorded;
  }

  /** All of them as they are now, whatever comes after: a ban never changes, another takes its place. */
  list(): Ban[] {
    const bans: Ban[] = [];
    for (const recorded of this.#recorded.values()) if (recorded.reports.length > 0) bans.push(recorded);
    return bans;
  }

  /** All reports, lifted ones too. */
  *reports(): IterableIterator<Report> {
    for (const { reports, lifted } of this.#recorded.values()) {
      yield* reports;
      yield* lifted;
    }
  }

  /** Lifted ones too. */
  reportsOf(network: Network): readonly Report[] {
    const recorded = this.#recorded.get(network);
    if (recorded === undefined) return none;
    return recorded.lifted.length === 0 ? recorded.reports : [...recorded.reports, ...recorded.lifted];
  }

  /** What one client reports for one jail, lifted reports too. */
  ofJail(client: string, jail: string): Report[] {
    return [...(this.#ofClient.get(client)?.get(jail) ?? [])]
      .flatMap((network) => this.reportsOf(network))
      .filter((report) => report.client === client && report.jail === jail);
  }

  /** All that one client reports, lifted reports too. */
  ofClient(client: string): Report[] {
    return [...(this.#ofClient.get(client)?.keys() ?? [])].flatMap((jail) => this.ofJail(client, jail));
  }

  /** Who has reports, lifted ones too. */
  clients(): string[] {
    return [...this.#ofClient.keys()];
  }

  /** How many reports a client holds, or one of its jails; lifted ones too. */
  countOfClient(client: string, jail?: string): number {
    const jails = this.#ofClient.get(client);
    if (jail !== undefined) return jails?.get(jail)?.size ?? 0;
    let count = 0;
    for (const networks of jails?.values() ?? []) count += networks.size;
    return count;
  }

  /** How many jails a client has reports of. */
  countJails(client: string): number {
    return this.#ofClient.get(client)?.size ?? 0;
  }

  /** Takes in what was committed, in its order. `first` is the sequence number of the first change. */
  apply(changes: readonly Change[], first: number): void {
    let sequence = first;
    let changed = false;
    for (const change of changes) {
      if (change.kind === 'reported' || change.kind === 'lifted') this.#put(numbered(change.report, sequence));
      if (change.kind === 'withdrawn') this.#remove(change.report);
      changed ||= 'report' in change;
      if (isNumbered(change)) sequence += 1;
    }
    this.#sequence = Math.max(this.#sequence, sequence - 1);
    if (changed) this.#onChange();
  }

  /** The reports whose time has come. They stay until their withdrawal is committed, and come again until then. */
  due(now: number): Report[] {
    return this.#expiry.due(now);
  }

  #put(report: Report): void {
    const before = this.#without(report);
    const reports = before?.reports ?? none;
    const lifted = before?.lifted ?? none;
    const sequence = Math.max(before?.sequence ?? 0, report.sequence ?? 0);
    this.#record(
      report.isLifted
        ? new Recorded(report.network, reports, withLast(lifted, report), sequence)
        : new Recorded(report.network, withLast(reports, report), lifted, sequence),
    );
    const jails = this.#ofClient.get(report.client) ?? new Map<string, Set<Network>>();
    jails.set(report.jail, (jails.get(report.jail) ?? new Set()).add(report.network));
    this.#ofClient.set(report.client, jails);
    this.#expiry.add(report);
  }

  #remove(report: Report): void {
    const left = this.#without(report);
    if (left !== undefined) this.#record(left);
    const jails = this.#ofClient.get(report.client);
    const networks = jails?.get(report.jail);
    networks?.delete(report.network);
    if (networks?.size === 0) jails?.delete(report.jail);
    if (jails?.size === 0) this.#ofClient.delete(report.client);
  }

  /** What is recorded of a network without the report of this key, which is no longer waited for either. */
  #without(report: Report): Recorded | undefined {
    const recorded = this.#recorded.get(report.network);
    const known = this.reportsOf(report.network).find((other) => hasSameKey(other, report));
    if (recorded === undefined || known === undefined) return recorded;
    this.#expiry.delete(known);
    const isOther = (other: Report): boolean => other !== known;
    const { network, reports, lifted, sequence } = recorded;
    return new Recorded(network, reports.filter(isOther), lifted.filter(isOther), sequence);
  }

  #record(recorded: Recorded): void {
    const { network, reports, lifted } = recorded;
    const before = this.#recorded.get(network);
    this.#size += Number(reports.length > 0) - Number((before?.reports.length ?? 0) > 0);
    const isEmpty = reports.length + lifted.length === 0;
    if (before === undefined && !isEmpty) this.#countWidth(network, 1);
    if (before !== undefined && isEmpty) this.#countWidth(network, -1);
    if (isEmpty) this.#recorded.delete(network);
    else this.#recorded.set(network, recorded);
  }

  #countWidth(network: Network, by: number): void {
    const counts = this.#prefixLengths[familyOf(network)];
    const length = prefixLengthOf(network);
    const count = (counts.get(length) ?? 0) + by;
    if (count === 0) counts.delete(length);
    else counts.set(length, count);
  }
}

/** Written out, not spread: an object that is spread and added to takes three times the memory. */
function numbered(report: Report, sequence: number): Report {
  const { network, client, jail, source, reportedAt, endsAt, isLifted, labels, evenHost } = report;
  const copy = { network, client, jail, source, reportedAt, endsAt, isLifted, labels, sequence };
  return evenHost === undefined ? copy : { ...copy, evenHost };
}

/** Most bans have one report, and an array that was spread keeps room for more. */
function withLast(reports: readonly Report[], report: Report): readonly Report[] {
  return reports.length === 0 ? [report] : [...reports, report];
}

/** Whether two reports have the same key. */
export function hasSameKey(a: ReportKey, b: ReportKey): boolean {
  return a.network === b.network && a.client === b.client && a.jail === b.jail;
}
