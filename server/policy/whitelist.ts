import type { DnsName } from '../../shared/dns/dns-name.ts';
import { formatInstant } from '../../shared/instant.ts';
import { findThrough } from '../../shared/network/embedded-ipv4.ts';
import type { Network } from '../../shared/network.ts';
import { NetworkIndex } from '../../shared/network-index.ts';
import type { Change, WhitelistEntry } from '../ledger/ledger.ts';

/** Networks that are never banned: those of the configuration, timed entries made at run time, and what DNS names mean now. */
export class Whitelist {
  readonly #timed = new Map<Network, WhitelistEntry>();
  #configured: readonly Network[];
  #fromFile: readonly Network[];
  /** Which name means a network. */
  #meanings: ReadonlyMap<Network, DnsName> = new Map();
  #index: NetworkIndex;

  /** @param fromFile those of the configuration that stand in `whitelist_file` */
  constructor(configured: readonly Network[], timed: Iterable<WhitelistEntry>, fromFile: readonly Network[] = []) {
    this.#configured = configured;
    this.#fromFile = fromFile;
    for (const entry of timed) this.#timed.set(entry.network, entry);
    this.#index = this.#rebuild();
  }

  get configured(): readonly Network[] {
    return this.#configured;
  }

  /** Those of the configuration that stand in `whitelist_file`. */
  get fromFile(): readonly Network[] {
    return this.#fromFile;
  }

  get timed(): readonly WhitelistEntry[] {
    return [...this.#timed.values()];
  }

  /** The configuration was read again. */
  configure(networks: readonly Network[], fromFile: readonly Network[] = []): void {
    this.#configured = networks;
    this.#fromFile = fromFile;
    this.#index = this.#rebuild();
  }

  /** Names mean other networks now. */
  setMeanings(meanings: ReadonlyMap<Network, DnsName>): void {
    this.#meanings = meanings;
    this.#index = this.#rebuild();
  }

  /** Takes in what was committed. */
  apply(changes: readonly Change[]): void {
    let changed = false;
    for (const change of changes) {
      if (change.kind === 'allowed') this.#timed.set(change.entry.network, change.entry);
      if (change.kind === 'disallowed') this.#timed.delete(change.network);
      changed ||= change.kind === 'allowed' || change.kind === 'disallowed';
    }
    if (changed) this.#index = this.#rebuild();
  }

  /** Entries whose time has come. */
  due(now: number): WhitelistEntry[] {
    return this.timed.filter(({ endsAt }) => endsAt <= now);
  }

  /** An entry that shares an address with `network`, in either direction. */
  overlapping(network: Network): Network | undefined {
    return this.#index.overlapping(network);
  }

  /** Where an entry stands, for the operator's eyes. */
  whereabouts(entry: Network): string {
    if (this.#fromFile.includes(entry)) return 'by [policy] whitelist_file of server.ini';
    if (this.#configured.includes(entry)) return 'by [policy] whitelist of server.ini';
    const name = this.#meanings.get(entry);
    if (name !== undefined && !this.#timed.has(entry)) return `as ${name}, by what DNS says now`;
    const endsAt = this.#timed.get(entry)?.endsAt ?? Number.POSITIVE_INFINITY;
    return Number.isFinite(endsAt) ? `at run time until ${formatInstant(endsAt)} UTC` : 'at run time for ever';
  }

  #rebuild(): NetworkIndex {
    return new NetworkIndex([...this.#configured, ...this.#timed.keys(), ...this.#meanings.keys()]);
  }
}

/** Of many bans, which whitelist entry forbids each, if any: it shares an address with the ban, or with an IPv4 address inside. */
export function forbidding(entries: Iterable<Network>): (banned: Network) => Network | undefined {
  const index = new NetworkIndex(entries);
  return (banned) => findThrough(banned, (network) => index.overlapping(network));
}
