import type { HeldEntry } from '../../../shared/enforcer.ts';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { inTurns, type Soon } from '../../in-turns.ts';

/** Rows that take a few milliseconds. */
const perTurn = 200;

/** The rows of a table that are networks. pf keeps no marks, so what is in an alias of ours counts as ours. */
export function heldEntries(rows: readonly string[]): readonly HeldEntry[] {
  const held: HeldEntry[] = [];
  for (const spelling of rows) {
    const network = parseNetwork(spelling);
    if (network !== undefined) held.push({ network, spelling, owner: 'ours' });
  }
  return held;
}

/** The same for a long list, while others have their turns. */
export async function readHeld(rows: readonly string[], soon: Soon): Promise<readonly HeldEntry[]> {
  const held: HeldEntry[] = [];
  await inTurns(rows, { perTurn, soon }, (some) => {
    for (const entry of heldEntries(some)) held.push(entry);
  });
  return held;
}

export function networksOf(held: readonly HeldEntry[]): Set<Network> {
  return new Set(held.map(({ network }) => network));
}

export function networksIn(rows: readonly string[]): Set<Network> {
  return networksOf(heldEntries(rows));
}
