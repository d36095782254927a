import type { HeldEntry } from '../../../shared/enforcer.ts';
import type { Network } from '../../../shared/network.ts';
import { isObject } from '../../../shared/sealed-channel.ts';
import { inTurns, type Turns } from '../../in-turns.ts';
import { type Mark, markIn, markText } from '../ownership/ledger-mark.ts';
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

const commentMaxCharacters = 40;
/** What the name of an alias never has. Cheaper than reading a hundred thousand networks again. */
const addressPattern = /[.:]/;

/**
 * The comment of an entry: the ledger that owns it, and who claims it. The note's small alphabet is held to here too: a newline in
 * a comment writes rules.
 */
export function commentFor(id: string, note: string): string {
  const text = `${markText({ kind: 'ledger', id })} ${note.replace(/[^A-Za-z0-9._@+%~ -]/g, '')}`;
  return text.slice(0, commentMaxCharacters).trim();
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
export async function readEntries(data: unknown, turns: Turns, aliases?: Aliases): Promise<IpsetEntry[] | undefined> {
  if (!Array.isArray(data)) return undefined;
  const entries: IpsetEntry[] = [];
  await inTurns(data, turns, (items: readonly unknown[]) => {
    for (const item of items) {
      const entry = readEntry(item, aliases);
      if (entry !== undefined) entries.push(entry);
    }
  });
  return entries.length === data.length ? entries : undefined;
}

/** Tells whether Proxmox uses an entry: one that it faults has no effect, but for the second of two alike. */
export function usedEntries(entries: readonly IpsetEntry[]): (entry: IpsetEntry) => boolean {
  const faulted = entries.filter(({ faults }) => faults.length > 0);
  if (faulted.length === 0) return () => true;
  const good = new Set(entries.filter(({ faults }) => faults.length === 0).map(({ cidr }) => cidr));
  return ({ cidr }) => good.has(cidr);
}

/**
 * The networks that are blocked, and who each belongs to: ours carry the mark of this ledger, and what carries another one is not
 * the administrator's either. Exceptions and what Proxmox does not use block nothing and are left out. A hand-edited file may hold the same line twice, with
 * other comments; DELETE takes both, so both count as the administrator's.
 */
export function heldEntries(entries: readonly IpsetEntry[], isOurs: (mark: Mark) => boolean): HeldEntry[] {
  const marks = marksOf(entries);
  const isUsed = usedEntries(entries);
  return entries.filter(isUsed).flatMap(({ cidr, network, isNomatch, comment }): HeldEntry[] => {
    if (network === undefined || isNomatch) return [];
    const mark = marks.get(cidr);
    if (mark === undefined) {
      return [{ network, spelling: cidr, owner: 'theirs', ...(comment === '' ? {} : { comment }) }];
    }
    return [{ network, spelling: cidr, owner: isOurs(mark) ? 'ours' : 'theirs', mark: markText(mark) }];
  });
}

/** What is taken out of the set, as far as Proxmox uses it. */
export function exceptionsIn(entries: readonly IpsetEntry[]): HeldEntry[] {
  return entries.flatMap(({ cidr, network, isNomatch, faults }) =>
    network !== undefined && isNomatch && faults.length === 0
      ? [{ network, spelling: cidr, owner: 'theirs' as const, isException: true as const }]
      : [],
  );
}

/** The mark of each spelling that has one; never of an alias: we write networks alone. */
export function marksOf(entries: readonly IpsetEntry[]): ReadonlyMap<string, Mark> {
  const marks = new Map<string, Mark>();
  const contested = new Set<string>();
  for (const { cidr, comment, isNomatch } of entries) {
    const mark = isNomatch || !addressPattern.test(cidr) ? undefined : markIn(comment);
    const other = marks.get(cidr);
    if (mark === undefined || (other !== undefined && markText(other) !== markText(mark))) contested.add(cidr);
    else marks.set(cidr, other ?? mark);
  }
  for (const cidr of contested) marks.delete(cidr);
  return marks;
}
