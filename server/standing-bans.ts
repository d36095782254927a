import { type Family, familyOf, type Network, networkFrom, prefixLengthOf, rangeOf } from '../shared/network.ts';
import { ExpiryCalendar } from './expiry-calendar.ts';
import type { Change, LedgerState, Report } from './ledger/ledger.ts';

/** A network that at least one live report claims. */
export interface Ban {
  readonly network: Network;
  readonly reports: readonly Report[];
  /** Sequence number of the newest claim. */
  readonly sequence: number;
}

/** When a ban ends by itself: with its last report. Milliseconds since the epoch, Infinity is permanent. */
export function endOf(ban: Ban): number {
  return ban.reports.reduce((end, report) => Math.max(end, report.endsAt), 0);
}

/**
 * What the ledger says, in memory: look-ups, digests and reconcilers never ask the disk. Rebuilt from the ledger at the
 * start and followed by sequence number; only committed changes get in.
 */
export class StandingBans {
  readonly #bans = new Map<Network, Ban>();
  readonly #ofClient = new Map<string, Map<string, Set<Network>>>();
  readonly #expiry = new ExpiryCalendar();
  /** How many bans there are of each width. */
  readonly #prefixLengths: Readonly<Record<Family, Map<number, number>>> = { 4: new Map(), 6: new Map() };
  readonly #onChange: () => void;
  #sequence = 0;

  /** @param onChange called once after each batch that changed anything */
  constructor(state: LedgerState, onChange: () => void) {
    this.#onChange = onChange;
    for (const { report, sequence } of state.reports) this.#put(report, sequence);
    this.#sequence = state.sequence;
  }

  /** The last change that is in here. */
  get sequence(): number {
    return this.#sequence;
  }

  get size(): number {
    return this.#bans.size;
  }

  get(network: Network): Ban | undefined {
    return this.#bans.get(network);
  }

  /** The bans that cover a single address: its own, and wider ones. */
  covering(address: Network): Ban[] {
    const family = familyOf(address);
    const { first } = rangeOf(address);
    return [...this.#prefixLengths[family].keys()].flatMap(
      (prefixLength) => this.#bans.get(networkFrom(family, first, prefixLength)) ?? [],
    );
  }

  values(): IterableIterator<Ban> {
    return this.#bans.values();
  }

  reportsOf(network: Network): readonly Report[] {
    return this.#bans.get(network)?.reports ?? [];
  }

  /** What one client claims for one jail. */
  ofJail(client: string, jail: string): Report[] {
    return [...(this.#ofClient.get(client)?.get(jail) ?? [])]
      .flatMap((network) => this.reportsOf(network))
      .filter((report) => report.client === client && report.jail === jail);
  }

  /** All that one client claims. */
  ofClient(client: string): Report[] {
    return [...(this.#ofClient.get(client)?.keys() ?? [])].flatMap((jail) => this.ofJail(client, jail));
  }

  countOfClient(client: string): number {
    let count = 0;
    for (const networks of this.#ofClient.get(client)?.values() ?? []) count += networks.size;
    return count;
  }

  /** Takes in what was committed, in its order. `first` is the sequence number of the first change. */
  apply(changes: readonly Change[], first: number): void {
    let sequence = first;
    let changed = false;
    for (const change of changes) {
      if (change.kind === 'reported') this.#put(change.report, sequence);
      if (change.kind === 'withdrawn') this.#remove(change.report);
      changed ||= change.kind === 'reported' || change.kind === 'withdrawn';
      if (change.kind !== 'advanced') sequence += 1;
    }
    this.#sequence = Math.max(this.#sequence, sequence - 1);
    if (changed) this.#onChange();
  }

  /** The reports whose time has come. They stay until their withdrawal is committed, and come again until then. */
  due(now: number): Report[] {
    return this.#expiry.due(now);
  }

  #put(report: Report, sequence: number): void {
    this.#forget(report);
    const ban = this.#bans.get(report.network);
    if (ban === undefined) this.#countWidth(report.network, 1);
    this.#bans.set(report.network, {
      network: report.network,
      reports: [...(ban?.reports ?? []), report],
      sequence: Math.max(ban?.sequence ?? 0, sequence),
    });
    const jails = this.#ofClient.get(report.client) ?? new Map<string, Set<Network>>();
    jails.set(report.jail, (jails.get(report.jail) ?? new Set()).add(report.network));
    this.#ofClient.set(report.client, jails);
    this.#expiry.add(report);
  }

  #remove(report: Report): void {
    this.#forget(report);
    const ban = this.#bans.get(report.network);
    if (ban?.reports.length === 0) {
      this.#bans.delete(report.network);
      this.#countWidth(report.network, -1);
    }
    const jails = this.#ofClient.get(report.client);
    const networks = jails?.get(report.jail);
    networks?.delete(report.network);
    if (networks?.size === 0) jails?.delete(report.jail);
    if (jails?.size === 0) this.#ofClient.delete(report.client);
  }

  #countWidth(network: Network, by: number): void {
    const counts = this.#prefixLengths[familyOf(network)];
    const length = prefixLengthOf(network);
    const count = (counts.get(length) ?? 0) + by;
    if (count === 0) counts.delete(length);
    else counts.set(length, count);
  }

  /** Takes the report of the same key out of its ban. */
  #forget(report: Report): void {
    const ban = this.#bans.get(report.network);
    const known = ban?.reports.find((other) => isSameClaim(other, report));
    if (ban === undefined || known === undefined) return;
    this.#expiry.delete(known);
    this.#bans.set(report.network, { ...ban, reports: ban.reports.filter((other) => other !== known) });
  }
}

/** Whether two reports have the same key. */
export function isSameClaim(a: Report, b: Report): boolean {
  return a.network === b.network && a.client === b.client && a.jail === b.jail;
}
