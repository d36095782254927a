import { type Family, familyOf } from '../../../shared/network.ts';
import type { ListEntry } from './list-entry.ts';

/** The entries of one family. */
export function ofFamily(entries: readonly ListEntry[], family: Family): readonly ListEntry[] {
  return entries.filter(({ network }) => familyOf(network) === family);
}

/** What a reader is to have: both families, unless it asked for one. The set of a family without entries is emptied. */
export function familiesOf(asked: Family | undefined): readonly Family[] {
  return asked === undefined ? [4, 6] : [asked];
}
