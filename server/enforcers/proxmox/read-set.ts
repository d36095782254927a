import type { Proxmox } from 'proxmox-api';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { atOnce, type Soon, type Turns } from '../../in-turns.ts';
import { unreadableAnswer } from '../answer-error.ts';
import { type Aliases, localNetworkAlias, readAliases } from './aliases.ts';
import { type IpsetEntry, readEntries } from './ipset-entries.ts';
import { objectsOf, textOf } from './readable.ts';

/** What a set means, as far as that can be found out. */
export interface SetContent {
  readonly networks: readonly Network[];
  /** Members that mean something which is not known here. */
  readonly unknown: readonly UnknownMember[];
}

export interface UnknownMember {
  /** As it stands in the set; a phrase where it shows no text. */
  readonly member: string;
  readonly reason: string;
}

/** How a listing is read. */
export interface SetReading {
  /** The aliases; when not given they are asked for, but only where one is named. */
  readonly aliases?: Aliases;
  /** When not given all of it is read at once: whoever asks serves nobody meanwhile. */
  readonly turns?: Turns;
}

/** Entries that take a few milliseconds. */
const perTurn = 200;

/** The turns in which a server reads a listing. */
export function listTurns(soon: Soon): Turns {
  return { perTurn, soon };
}

/**
 * Reads the entries of an ipset, with what its aliases mean.
 *
 * @throws EnforcerError also when there is no such ipset
 */
export async function readIpsetEntries(
  api: Proxmox.Api,
  name: string,
  { aliases, turns = atOnce }: SetReading = {},
): Promise<readonly IpsetEntry[]> {
  const data: unknown = await api.cluster.firewall.ipset.$(name).$get();
  if (aliases !== undefined) return await entriesIn(name, data, turns, aliases);
  const entries = await entriesIn(name, data, turns);
  if (!entries.some(({ cidr, network }) => network === undefined && cidr !== '')) return entries;
  return await entriesIn(name, data, turns, await readAliases(api));
}

async function entriesIn(name: string, data: unknown, turns: Turns, aliases?: Aliases): Promise<readonly IpsetEntry[]> {
  const entries = await readEntries(data, turns, aliases);
  if (entries === undefined) throw unreadableAnswer(`ipset ${name}`, 'the answer is not a list of entries');
  return entries;
}

/** Undefined when there is no such ipset. @throws EnforcerError */
export async function readIpset(
  api: Proxmox.Api,
  name: string,
  reading?: SetReading,
): Promise<readonly IpsetEntry[] | undefined> {
  return (await readIpsetNames(api)).includes(name) ? await readIpsetEntries(api, name, reading) : undefined;
}

/** @throws EnforcerError */
export async function readIpsetNames(api: Proxmox.Api): Promise<readonly string[]> {
  return objectsOf(await api.cluster.firewall.ipset.$get(), 'ipsets').map(({ name }) => textOf(name));
}

/** What the entries of a set mean. Exceptions take away from it, and are left out. */
export function contentOf(entries: readonly IpsetEntry[]): SetContent {
  const members = entries.filter(({ isNomatch, cidr }) => !isNomatch || cidr === '');
  return {
    networks: members.flatMap(({ network }) => network ?? []),
    unknown: members.flatMap((entry) => {
      const reason = whyUnusable(entry);
      return reason === undefined ? [] : [{ member: nameOf(entry), reason }];
    }),
  };
}

/**
 * Why an entry means nothing; undefined when it means something.
 *
 * | entry | |
 * | --- | --- |
 * | a network, or an alias that there is | means it; a line that stands there twice is a fault of its own, and does so too |
 * | `local_network` | means something, though the API knows no such alias |
 * | `guest/NAME` | nothing |
 * | without an address | nothing: Proxmox could not split the line, of which the next change leaves a lone `!` |
 */
export function whyUnusable({ cidr, network, faults }: IpsetEntry): string | undefined {
  if (network !== undefined || isLocalNetwork(cidr)) return undefined;
  if (cidr === '') return 'not ADDRESS # COMMENT: is a # missing before the comment?';
  if (cidr === '!') return 'what Proxmox left of a line that it could not split';
  if (cidr.toLowerCase().startsWith('guest/')) return 'the alias of a guest, which no set of the datacenter can name';
  if (faults.length > 0) return faults.join(', ');
  return parseNetwork(cidr) === undefined
    ? `no such alias '${cidr}'`
    : 'Proxmox takes no prefix of length 0 into a set';
}

/** How an entry is called. */
export function nameOf({ cidr, comment }: IpsetEntry): string {
  if (cidr !== '') return cidr;
  return comment === '' ? 'a line without an address' : `a line without an address, which ends in "${comment}"`;
}

function isLocalNetwork(cidr: string): boolean {
  return cidr.toLowerCase().replace(/^dc\//, '') === localNetworkAlias;
}
