import type { DesiredEntry } from './enforcer.ts';
import { mergeNetworks } from './merge-networks.ts';
import { embeddedIpv4 } from './network/embedded-ipv4.ts';
import { addressBits, type Family, type Network } from './network.ts';
import { NetworkIndex } from './network-index.ts';
import { BanRanking, type RankedBan } from './reconcile/ban-ranking.ts';

/** A ban that stands, as far as an enforcer's list depends on it. One network comes once. */
export type CandidateBan = DesiredEntry & RankedBan;

/** Room that is counted in bytes. */
export interface EntryRoom {
  readonly availableBytes: number;
  readonly costOf: (entry: DesiredEntry) => number;
}

export interface DesiredEntriesOptions {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The policy's word on a ban that was made under an older policy. Asked for every ban: it has to be cheap. */
  readonly mayBlock: (network: Network) => boolean;
  /** How many entries the firewall may hold of ours. */
  readonly maxEntries: number;
  /** What they may take together, where bytes are short, and what each takes. Undefined: nothing. */
  readonly room?: EntryRoom;
  /** Whether networks that together are a whole CIDR become one entry. */
  readonly merge: boolean;
  /** The shortest prefix that merging may make, by family. */
  readonly widest: Readonly<Record<Family, number>>;
}

export interface DesiredEntries {
  readonly entries: ReadonlyMap<Network, DesiredEntry>;
  /** Bans for which there was no room. */
  readonly leftOut: number;
  /** What there was no room of: entries, or bytes. Undefined: there was room for all. */
  readonly shortOf?: 'entries' | 'bytes';
  /** What the entries take; 0 where bytes are not counted. */
  readonly bytes: number;
}

/** The room that merging makes is filled with more bans, which may merge again: so often at the most. */
const refillsMax = 8;

/**
 * What an enforcer should hold, given the bans that stand: those that have not ended and that the policy allows, without
 * those that a wider one covers. It covers exactly the addresses of the bans that it keeps.
 *
 * Where there are more than `maxEntries`, or than the bytes there are, the first in the order of {@link BanRanking} stay.
 */
export function desiredEntries(bans: Iterable<CandidateBan>, options: DesiredEntriesOptions): DesiredEntries {
  const { now, mayBlock, maxEntries } = options;
  const allowed: CandidateBan[] = [];
  for (const ban of bans) if (ban.endsAt > now && mayBlock(ban.network)) allowed.push(ban);
  if (allowed.length <= maxEntries) {
    const entries = entriesOf(join(allowed, options), allowed);
    const bytes = bytesOf(entries, options);
    if (bytes <= availableIn(options)) return { entries, leftOut: 0, bytes };
  }
  return withinBytes(allowed, firstOf(allowed, options), options);
}

/** As many bans as `maxEntries` entries hold. */
function firstOf(allowed: readonly CandidateBan[], options: DesiredEntriesOptions): Kept {
  const { maxEntries } = options;
  const ranking = new BanRanking(allowed);
  let kept = ranking.best(maxEntries);
  let whole = join(kept, options);
  for (let refill = 0; refill < refillsMax && whole.length < maxEntries && kept.length < allowed.length; refill += 1) {
    // One ban more makes one entry more at the most.
    kept = ranking.best(kept.length + maxEntries - whole.length);
    whole = join(kept, options);
  }
  return { ranking, bans: kept, whole };
}

/** Bans that stay, and what they become together. */
interface Kept {
  readonly ranking: BanRanking<CandidateBan>;
  readonly bans: readonly CandidateBan[];
  readonly whole: readonly Network[];
}

/** Gives up the last of the bans until the others fit: in proportion, which few rounds do. */
function withinBytes(
  allowed: readonly CandidateBan[],
  { ranking, ...first }: Kept,
  options: DesiredEntriesOptions,
): DesiredEntries {
  let { bans, whole } = first;
  let shortOf: DesiredEntries['shortOf'] = 'entries';
  for (;;) {
    const entries = entriesOf(whole, bans);
    const bytes = bytesOf(entries, options);
    const available = availableIn(options);
    if (bytes <= available || bans.length === 0) {
      const leftOut = allowed.length - bans.length;
      return { entries, leftOut, bytes, ...(leftOut > 0 ? { shortOf } : {}) };
    }
    shortOf = 'bytes';
    bans = ranking.best(Math.min(bans.length - 1, Math.floor((bans.length * available) / bytes)));
    whole = join(bans, options);
  }
}

function availableIn({ room }: DesiredEntriesOptions): number {
  return room?.availableBytes ?? Number.POSITIVE_INFINITY;
}

function bytesOf(entries: ReadonlyMap<Network, DesiredEntry>, { room }: DesiredEntriesOptions): number {
  if (room === undefined) return 0;
  let bytes = 0;
  for (const entry of entries.values()) bytes += room.costOf(entry);
  return bytes;
}

const noJoining: Readonly<Record<Family, number>> = addressBits;

/** What carries an IPv4 address is not joined: the policy holds the IPv4 network inside to the width of its own family. */
function join(bans: readonly CandidateBan[], { merge, widest }: DesiredEntriesOptions): Network[] {
  const networks = bans.map(({ network }) => network);
  if (!merge) return mergeNetworks(networks, noJoining);
  const carriers = networks.filter((network) => embeddedIpv4(network).length > 0);
  if (carriers.length === 0) return mergeNetworks(networks, widest);
  const others = networks.filter((network) => embeddedIpv4(network).length === 0);
  return [...mergeNetworks(others, widest), ...mergeNetworks(carriers, noJoining)];
}

/** @param whole what {@link join} made of `bans` */
function entriesOf(whole: readonly Network[], bans: readonly CandidateBan[]): Map<Network, DesiredEntry> {
  const entries = new Map<Network, DesiredEntry>();
  const wholeNetworks = new Set(whole);
  const swallowed: CandidateBan[] = [];
  for (const ban of bans) {
    if (wholeNetworks.has(ban.network)) entries.set(ban.network, ban);
    else swallowed.push(ban);
  }
  for (const [network, members] of groupByHolder(swallowed, whole)) {
    const own = entries.get(network);
    entries.set(network, joinedEntry(network, own === undefined ? members : [own, ...members]));
  }
  return entries;
}

/** Which of the entries each ban has gone into. */
function groupByHolder(swallowed: readonly CandidateBan[], whole: readonly Network[]): Map<Network, DesiredEntry[]> {
  const groups = new Map<Network, DesiredEntry[]>();
  if (swallowed.length === 0) return groups;
  const wide = new NetworkIndex(whole.filter((network) => network.includes('/')));
  for (const ban of swallowed) {
    const holder = wide.covering(ban.network);
    if (holder === undefined) continue;
    const group = groups.get(holder);
    if (group === undefined) groups.set(holder, [ban]);
    else group.push(ban);
  }
  return groups;
}

function joinedEntry(network: Network, members: readonly DesiredEntry[]): DesiredEntry {
  const newest = members.reduce((latest, ban) => (ban.order > latest.order ? ban : latest));
  const { order, note, client } = newest;
  const endsAt = endOf(network, members);
  return { network, order, endsAt, note, ...(client === undefined ? {} : { client }) };
}

/**
 * An entry must not outlive what makes it whole: its own ban, or else the first to end of those that it was joined from.
 * Bans that a wider member covers do not count.
 */
function endOf(network: Network, members: readonly DesiredEntry[]): number {
  const own = members.find((ban) => ban.network === network);
  if (own !== undefined) return own.endsAt;
  const parts = new Set(
    mergeNetworks(
      members.map((ban) => ban.network),
      noJoining,
    ),
  );
  return members.reduce((end, ban) => (parts.has(ban.network) ? Math.min(end, ban.endsAt) : end), Infinity);
}
