import type { HeldEntry } from '../../../shared/enforcer.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { Aliases } from './aliases.ts';
import { textOf } from './readable.ts';

/** One line of an ipset as `GET /cluster/firewall/ipset/NAME` shows it. */
export interface IpsetEntry {
  /** Empty for a line that Proxmox cannot split into address and comment: it shows no address of it. */
  readonly cidr: string;
  /** What it means; undefined for a name that means nothing and for a faulty line. */
  readonly network: Network | undefined;
  readonly comment: string;
  /** An exception: it takes addresses out of the set. */
  readonly isNomatch: boolean;
  /** Why Proxmox does not use it, in its own words. */
  readonly faults: readonly string[];
}

/** Our mark, as a word: `f2nb`, `f2nb sshd web1`, `f2nb: …`, but not `f2nbx`. */
const markPattern = /^f2nb(?:[\s:]|$)/;
const commentMaxCharacters = 40;

/** The comment of an entry of ours. The note's small alphabet is held to here too: a newline in a comment writes rules. */
export function commentFor(note: string): string {
  return `f2nb ${note.replace(/[^A-Za-z0-9._@+ -]/g, '')}`.slice(0, commentMaxCharacters).trim();
}

/** Reads the data of one entry, by its spelling alone when no aliases are given; undefined when it is not one. */
export function readEntry(item: unknown, aliases = new Aliases()): IpsetEntry | undefined {
  if (!isObject(item)) return undefined;
  const { comment, nomatch, errors } = item;
  const cidr = textOf(item['cidr']);
  return {
    cidr,
    network: aliases.resolve(cidr),
    comment: textOf(comment),
    isNomatch: nomatch === 1 || nomatch === true,
    faults: isObject(errors) ? Object.values(errors).map((text) => textOf(text).trim()) : [],
  };
}

/**
 * Reads the data of a listing. A line that Proxmox cannot use is an entry with `faults`, and costs none of the others.
 *
 * @returns undefined when it is not one
 */
export function readEntries(data: unknown, aliases?: Aliases): IpsetEntry[] | undefined {
  if (!Array.isArray(data)) return undefined;
  const entries = data.map((item: unknown) => readEntry(item, aliases)).filter((entry) => entry !== undefined);
  return entries.length === data.length ? entries : undefined;
}

/**
 * The networks that are blocked, and who each belongs to: ours carry the mark. Exceptions block nothing and are left out. A
 * hand-edited file may hold the same line twice, once ours; DELETE takes both, so both count as the administrator's.
 */
export function heldEntries(entries: readonly IpsetEntry[]): HeldEntry[] {
  const theirs = new Set(entries.filter((entry) => !isOurs(entry)).map(({ cidr }) => cidr));
  return entries.flatMap(({ cidr, network, isNomatch }) =>
    network === undefined || isNomatch
      ? []
      : [{ network, spelling: cidr, owner: theirs.has(cidr) ? 'theirs' : 'ours' } as const],
  );
}

/** Never the name of an alias: we write networks alone. */
function isOurs({ cidr, comment, isNomatch }: IpsetEntry): boolean {
  return markPattern.test(comment) && !isNomatch && parseNetwork(cidr) !== undefined;
}
