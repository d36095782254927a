import { type Network, parseNetwork } from '../../../shared/network.ts';
import { heldEntries, type IpsetEntry } from './ipset-entries.ts';

/** What an administrator should know of an ipset. */
export interface IpsetFacts {
  readonly ours: number;
  readonly theirs: number;
  /** `!` entries: addresses that are taken out of the set. */
  readonly exceptions: readonly string[];
  /** Entries that Proxmox does not use, or that are no networks (names of aliases), with the reason. */
  readonly unusable: readonly { readonly cidr: string; readonly reason: string }[];
  /** Networks in a spelling that is not the canonical one; Proxmox finds them under that very spelling only. */
  readonly odd: readonly { readonly cidr: string; readonly canonical: Network }[];
  /** Networks that stand there more than once, with their spellings. */
  readonly repeated: readonly (readonly string[])[];
}

export function describeIpset(entries: readonly IpsetEntry[]): IpsetFacts {
  const held = heldEntries(entries);
  const ours = held.filter(({ owner }) => owner === 'ours').length;
  const spellings = new Map<Network, string[]>();
  for (const { network, spelling } of held) spellings.set(network, [...(spellings.get(network) ?? []), spelling]);
  return {
    ours,
    theirs: held.length - ours,
    exceptions: entries.filter(({ isNomatch }) => isNomatch).map(({ cidr }) => cidr),
    unusable: entries.flatMap(({ cidr, network, faults }) => {
      const reason = faults.length > 0 ? faults.join(', ') : 'not a network: perhaps the name of an alias';
      return faults.length > 0 || network === undefined ? [{ cidr, reason }] : [];
    }),
    odd: held.flatMap(({ network, spelling }) =>
      spelling === network ? [] : [{ cidr: spelling, canonical: network }],
    ),
    repeated: [...spellings.values()].filter((list) => list.length > 1),
  };
}

/** The networks of entries that are in force. */
export function networksOf(entries: readonly IpsetEntry[]): readonly Network[] {
  return entries
    .flatMap(({ cidr, isNomatch }) => (isNomatch ? [] : [parseNetwork(cidr)]))
    .filter((network) => network !== undefined);
}

/** Bytes that the entries take in cluster.fw: `!CIDR # COMMENT` and a newline each. */
export function bytesOf(entries: readonly IpsetEntry[]): number {
  return entries.reduce((bytes, { cidr, comment, isNomatch }) => {
    const commentBytes = comment === '' ? 0 : 3 + Buffer.byteLength(comment);
    return bytes + Number(isNomatch) + Buffer.byteLength(cidr) + commentBytes + 1;
  }, 0);
}
