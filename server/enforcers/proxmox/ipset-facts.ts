import { type Network, parseNetwork } from '../../../shared/network.ts';
import { idInMark } from '../ownership/ledger-mark.ts';
import { oldMarksId } from '../ownership/stray-entries.ts';
import { heldEntries, type IpsetEntry, usedEntries } from './ipset-entries.ts';
import { nameOf, whyUnusable } from './read-set.ts';

/** What an administrator should know of an ipset. */
export interface IpsetFacts {
  /** Entries with a mark, of whatever ledger, by its id as `k3x9`, or `old` where the mark names none. */
  readonly marked: ReadonlyMap<string, number>;
  /** Those with none. */
  readonly theirs: number;
  /** `!` entries: addresses that are taken out of the set. */
  readonly exceptions: readonly string[];
  /** Lines that Proxmox does not use, with the reason. */
  readonly unusable: readonly UnusableEntry[];
  /** Networks in a spelling that is not the canonical one; Proxmox finds them under that very spelling only. */
  readonly odd: readonly { readonly cidr: string; readonly canonical: Network }[];
  /** Networks that stand there more than once, with their spellings. */
  readonly repeated: readonly (readonly string[])[];
}

export interface UnusableEntry {
  readonly cidr: string;
  readonly name: string;
  readonly reason: string;
  readonly mending: Mending;
}

/**
 * What rids the file of it: `delete`: the API takes it as the name of an entry; `edit`: only an editor can; `move-aliases`: nothing has to
 * go, its alias is defined below the set, and Proxmox reads from the top.
 */
export type Mending = 'delete' | 'edit' | 'move-aliases';

/** What DELETE takes beside networks (format IPorCIDRorAlias). */
const aliasPattern = /^(?:(?:dc|guest)\/)?[A-Za-z][A-Za-z0-9_-]+$/;

export function describeIpset(entries: readonly IpsetEntry[]): IpsetFacts {
  const held = heldEntries(entries, () => false);
  const marked = new Map<string, number>();
  for (const { mark } of held) {
    if (mark === undefined) continue;
    const owner = idInMark(mark) ?? oldMarksId;
    marked.set(owner, (marked.get(owner) ?? 0) + 1);
  }
  const spellings = new Map<Network, string[]>();
  for (const { network, spelling } of held) spellings.set(network, [...(spellings.get(network) ?? []), spelling]);
  return {
    marked,
    theirs: held.filter(({ mark }) => mark === undefined).length,
    exceptions: entries.filter(({ isNomatch, cidr }) => isNomatch && cidr !== '').map(({ cidr }) => cidr),
    unusable: [...unusableOf(entries), ...tooEarly(entries)],
    odd: held.flatMap(({ network, spelling }) =>
      spelling === network || parseNetwork(spelling) === undefined ? [] : [{ cidr: spelling, canonical: network }],
    ),
    repeated: [...spellings.values()].filter((list) => list.length > 1),
  };
}

function unusableOf(entries: readonly IpsetEntry[]): readonly UnusableEntry[] {
  return entries.flatMap((entry) => {
    const reason = whyUnusable(entry);
    return reason === undefined ? [] : [{ cidr: entry.cidr, name: nameOf(entry), reason, mending: mendingOf(entry) }];
  });
}

function mendingOf({ cidr }: IpsetEntry): Mending {
  return parseNetwork(cidr) !== undefined || aliasPattern.test(cidr) ? 'delete' : 'edit';
}

/** Aliases that there are, and that Proxmox has not read yet when it reads the set. */
function tooEarly(entries: readonly IpsetEntry[]): readonly UnusableEntry[] {
  const isUsed = usedEntries(entries);
  return entries
    .filter((entry) => entry.network !== undefined && !isUsed(entry))
    .map((entry) => ({
      cidr: entry.cidr,
      name: nameOf(entry),
      reason: entry.faults.join(', '),
      mending: 'move-aliases',
    }));
}

/** Bytes that the entries take in cluster.fw: `!CIDR # COMMENT` and a newline each. */
export function bytesOf(entries: readonly IpsetEntry[]): number {
  return entries.reduce((bytes, { cidr, comment, isNomatch }) => {
    const commentBytes = comment === '' ? 0 : 3 + Buffer.byteLength(comment);
    return bytes + Number(isNomatch) + Buffer.byteLength(cidr) + commentBytes + 1;
  }, 0);
}
