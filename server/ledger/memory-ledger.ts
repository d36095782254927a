import { fitsGlob } from '../../shared/names.ts';
import { covers, type Network } from '../../shared/network.ts';
import { historyOf } from './history-of.ts';
import { cutsOf, holderOf } from './history-shares.ts';
import {
  type AdvancedChange,
  type Change,
  type Client,
  type CountFilter,
  type HistoryCount,
  type HistoryEntry,
  type HistoryFilter,
  type HostAddress,
  type HostAddressesChange,
  ignoreipSource,
  type Ledger,
  type LedgerState,
  type NameEntry,
  type ProtectedSet,
  type Report,
  streamsPerClientMax,
  type Viewer,
  type WhitelistEntry,
} from './ledger.ts';

/** A ledger that forgets: the plain model that the contract suite holds the others to. No program opens it. */
export class MemoryLedger implements Ledger {
  #sequence = 0;
  #paused = false;
  #decided = 0;
  readonly #reports = new Map<string, Report>();
  readonly #whitelist = new Map<string, WhitelistEntry>();
  readonly #names = new Map<string, NameEntry>();
  readonly #clients = new Map<string, Client>();
  readonly #streams = new Map<string, Map<string, number>>();
  readonly #protected = new Map<string, ProtectedSet>();
  readonly #addresses = new Map<string, readonly HostAddress[]>();
  readonly #marks = ['mem1'];
  #history: HistoryEntry[] = [];

  load(): Promise<LedgerState> {
    return Promise.resolve({
      id: 'memory',
      marks: [...this.#marks],
      sequence: this.#sequence,
      reports: [...this.#reports.values()],
      whitelist: [...this.#whitelist.values()],
      whitelistNames: [...this.#names.values()],
      clients: [...this.#clients.values()],
      streams: new Map(Array.from(this.#streams, ([client, streams]) => [client, new Map(streams)])),
      paused: this.#paused,
      decided: this.#decided,
      protectedSets: [...this.#protected.values()],
      losses: [],
      hostAddresses: new Map(this.#addresses),
    });
  }

  commit(changes: readonly Change[], at: number): Promise<number> {
    const first = this.#sequence + 1;
    for (const change of changes) {
      const entry = historyOf(change, this.#sequence + 1, at);
      if (entry !== undefined) {
        this.#sequence += 1;
        this.#history.push(entry);
      }
      this.#apply(change);
    }
    return Promise.resolve(first);
  }

  history({ most, ...filter }: HistoryFilter): Promise<readonly HistoryEntry[]> {
    return Promise.resolve(
      this.#history
        .filter((entry) => fits(entry, filter))
        .reverse()
        .slice(0, most),
    );
  }

  counts({ by, most, ...filter }: CountFilter): Promise<readonly HistoryCount[]> {
    const counts = new Map<string, number>();
    for (const entry of this.#history) {
      const name = entry[by];
      if (name === undefined || entry.kind !== 'reported' || entry.reason !== undefined) continue;
      if (fits(entry, filter)) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    const found = Array.from(counts, ([name, count]) => ({ name, count }));
    found.sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
    return Promise.resolve(found.slice(0, most));
  }

  traces(networks: readonly Network[]): Promise<ReadonlySet<Network>> {
    const known = this.#history.flatMap((entry) => (entry.client === undefined ? [] : (entry.network ?? [])));
    return Promise.resolve(new Set(networks.filter((outer) => known.some((inner) => covers(outer, inner)))));
  }

  changesAfter(sequence: number, most: number): Promise<readonly HistoryEntry[]> {
    const carried = this.#history.filter((entry) => entry.sequence > sequence);
    return Promise.resolve(carried.filter(({ kind }) => kind === 'reported' || kind === 'withdrawn').slice(0, most));
  }

  prune(before: number, most: number): Promise<number> {
    const standing = new Set(Array.from(this.#reports.values(), (report) => report.sequence));
    const mayGo = this.#history.filter(({ sequence }) => !standing.has(sequence));
    const counts = new Map<string, number>();
    for (const entry of mayGo.filter(({ at }) => at >= before)) countIn(counts, holderOf(entry), 1);
    const cuts = cutsOf(counts, most);
    const gone = new Set(mayGo.filter((entry) => entry.at < before || countIn(cuts, holderOf(entry), -1) >= 0));
    this.#history = this.#history.filter((entry) => !gone.has(entry));
    return Promise.resolve(gone.size);
  }

  /** Memory loses nothing but everything. */
  acceptLosses(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Taken out first, so that the newest stands last. */
  #put(report: Report): void {
    this.#reports.delete(keyOf(report));
    this.#reports.set(keyOf(report), { ...report, sequence: this.#sequence });
  }

  #apply(change: Change): void {
    switch (change.kind) {
      case 'reported':
      case 'lifted':
        this.#put(change.report);
        break;
      case 'withdrawn':
        this.#reports.delete(keyOf(change.report));
        break;
      case 'allowed':
        this.#whitelist.set(change.entry.network, change.entry);
        break;
      case 'disallowed':
        this.#whitelist.delete(change.network);
        break;
      case 'name-allowed':
        this.#names.set(change.entry.name, change.entry);
        break;
      case 'name-disallowed':
        this.#names.delete(change.name);
        break;
      case 'enrolled':
        this.#clients.set(change.client.name, change.client);
        break;
      case 'revoked':
        this.#clients.delete(change.client);
        this.#streams.delete(change.client);
        this.#addresses.delete(change.client);
        this.#protected.delete(ignoreipSource(change.client));
        break;
      case 'paused':
      case 'resumed':
        this.#paused = change.kind === 'paused';
        break;
      case 'source-read':
        this.#protected.set(change.source, { source: change.source, networks: change.networks });
        break;
      case 'mark-adopted':
        this.#marks.push(change.id);
        break;
      case 'host-addresses':
        this.#noteAddresses(change);
        break;
      case 'decided':
        this.#decided = change.number;
        break;
      case 'advanced':
        this.#advance(change);
        break;
    }
  }

  #noteAddresses({ client, addresses }: HostAddressesChange): void {
    if (addresses.length === 0) this.#addresses.delete(client);
    else this.#addresses.set(client, addresses);
  }

  #advance({ client, stream, number }: AdvancedChange): void {
    const streams = this.#streams.get(client) ?? new Map<string, number>();
    streams.delete(stream);
    streams.set(stream, number);
    const [oldest = stream] = streams.keys();
    if (streams.size > streamsPerClientMax) streams.delete(oldest);
    this.#streams.set(client, streams);
  }
}

/** @returns the count afterwards */
function countIn(counts: Map<string, number>, name: string, by: number): number {
  const count = (counts.get(name) ?? 0) + by;
  counts.set(name, count);
  return count;
}

function fits(entry: HistoryEntry, filter: Omit<HistoryFilter, 'most'>): boolean {
  const { network, client, jail, since, until, before, visibleTo } = filter;
  return (
    (network === undefined || entry.network === network) &&
    (client === undefined || entry.client === client) &&
    (jail === undefined || entry.jail === jail) &&
    (since === undefined || entry.at >= since) &&
    (until === undefined || entry.at < until) &&
    (before === undefined || entry.sequence < before) &&
    (visibleTo === undefined || isVisible(entry, visibleTo))
  );
}

function isVisible({ kind, client, jail = '' }: HistoryEntry, visibleTo: Viewer): boolean {
  if (kind !== 'reported' && kind !== 'withdrawn') return false;
  return client === visibleTo.client || visibleTo.follows.some((pattern) => fitsGlob(pattern, jail));
}

function keyOf({ network, client, jail }: Report): string {
  return `${network} ${client} ${jail}`;
}
