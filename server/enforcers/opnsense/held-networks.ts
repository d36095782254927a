import type { HeldEntry } from '../../../shared/enforcer.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';

/** The rows of a table that are networks. pf keeps no marks, so what is in an alias of ours counts as ours. */
export function heldEntries(rows: readonly string[]): readonly HeldEntry[] {
  const held: HeldEntry[] = [];
  for (const spelling of rows) {
    const network = parseNetwork(spelling);
    if (network !== undefined) held.push({ network, spelling, owner: 'ours' });
  }
  return held;
}

export function networksIn(rows: readonly string[]): Set<Network> {
  return new Set(heldEntries(rows).map(({ network }) => network));
}
