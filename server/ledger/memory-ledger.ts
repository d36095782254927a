import { historyOf } from './history-of.ts';
import {
  type AdvancedChange,
  type Change,
  type Client,
  type HistoryEntry,
  type HistoryFilter,
  type Ledger,
  type LedgerState,
  type Report,
  streamsPerClientMax,
  type WhitelistEntry,
} from './ledger.ts';

/** A ledger that forgets: the plain model that the contract suite holds the others to. No program opens it. */
export class MemoryLedger implements Ledger {
  #sequence = 0;
  #paused = false;
  readonly #reports = new Map<string, Report>();
  readonly #whitelist = new Map<string, WhitelistEntry>();
  readonly #clients = new Map<string, Client>();
  readonly #streams = new Map<string, Map<string, number>>();
  #history: HistoryEntry[] = [];

  load(): Promise<LedgerState> {
    return Promise.resolve({
      id: 'memory',
      sequence: this.#sequence,
      reports: [...this.#reports.values()],
      whitelist: [...this.#whitelist.values()],
      clients: [...this.#clients.values()],
      streams: new Map(Array.from(this.#streams, ([client, streams]) => [client, new Map(streams)])),
      paused: this.#paused,
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

  history({ network, client, jail, since, before, most }: HistoryFilter): Promise<readonly HistoryEntry[]> {
    const fits = (entry: HistoryEntry): boolean =>
      (network === undefined || entry.network === network) &&
      (client === undefined || entry.client === client) &&
      (jail === undefined || entry.jail === jail) &&
      (since === undefined || entry.at >= since) &&
      (before === undefined || entry.sequence < before);
    return Promise.resolve(this.#history.filter(fits).reverse().slice(0, most));
  }

  changesAfter(sequence: number, most: number): Promise<readonly HistoryEntry[]> {
    const carried = this.#history.filter((entry) => entry.sequence > sequence);
    return Promise.resolve(carried.filter(({ kind }) => kind === 'reported' || kind === 'withdrawn').slice(0, most));
  }

  prune(before: number, most: number): Promise<number> {
    const standing = new Set(Array.from(this.#reports.values(), (report) => report.sequence));
    const kept = this.#history.filter(
      ({ at, sequence }) => (at >= before && sequence > this.#sequence - most) || standing.has(sequence),
    );
    const gone = this.#history.length - kept.length;
    this.#history = kept;
    return Promise.resolve(gone);
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
      case 'enrolled':
        this.#clients.set(change.client.name, change.client);
        break;
      case 'revoked':
        this.#clients.delete(change.client);
        this.#streams.delete(change.client);
        break;
      case 'paused':
      case 'resumed':
        this.#paused = change.kind === 'paused';
        break;
      case 'advanced':
        this.#advance(change);
        break;
    }
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

function keyOf({ network, client, jail }: Report): string {
  return `${network} ${client} ${jail}`;
}
