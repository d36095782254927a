import { type Family, familyOf } from '../../../shared/network.ts';
import type { List } from './format.ts';
import type { ListEntry } from './list-entry.ts';

/** The part of a list that is of one family. */
export interface FamilyList extends List {
  readonly family: Family;
}

/** For readers that keep a set for each family: both, unless one is asked for. The set of a family without entries is emptied. */
export function byFamily(list: List, asked: Family | undefined): readonly FamilyList[] {
  const entries: Record<Family, ListEntry[]> = { 4: [], 6: [] };
  for (const entry of list.entries) entries[familyOf(entry.network)].push(entry);
  const families: readonly Family[] = asked === undefined ? [4, 6] : [asked];
  return families.map((family) => ({ ...list, family, entries: entries[family] }));
}
