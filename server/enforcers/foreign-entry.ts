import type { HeldEntry, SharedPlace } from '../../shared/enforcer.ts';
import type { Network } from '../../shared/network.ts';

/** An entry of a firewall that is not ours. */
export interface ForeignEntry {
  readonly enforcer: string;
  /** As `ipset blacklist`. */
  readonly place: string;
  readonly network: Network;
  /** As it stands there: of an alias its name. */
  readonly spelling: string;
  readonly comment?: string;
  /** Id of the ledger that it belongs to. Absent: it is the administrator's. */
  readonly ledger?: string;
  /** What takes it out. */
  readonly command: string;
}

/** Whose entry it is, to those who may be somebody else. */
export const administrators = "the administrator's own";

export function foreignEntry(
  { network, spelling, comment, strayOf }: HeldEntry,
  enforcer: string,
  shared: SharedPlace | undefined,
): ForeignEntry {
  const entry = { enforcer, place: shared?.name ?? 'the list', network, spelling };
  if (strayOf !== undefined) return { ...entry, ledger: strayOf, command: `fail2networkban-server clear ${strayOf}` };
  const command = shared?.removalOf(spelling) ?? 'fail2networkban-server status';
  return comment === undefined
    ? { ...entry, command }
    : { ...entry, comment: comment.replace(/\p{Cc}/gu, ' '), command };
}

/** All that a network's firewalls name. */
export function foreignEntries(
  words: readonly { readonly state: string; readonly foreign?: readonly ForeignEntry[] }[],
): readonly ForeignEntry[] {
  return words.flatMap(({ foreign = [] }) => foreign);
}

/**
 * Names it, with firewall, set and comment.
 *
 * @param whose before `entry`, when it is the administrator's
 */
export function describeForeign(
  { enforcer, place, network, spelling, comment, ledger }: Omit<ForeignEntry, 'network'> & { readonly network: string },
  whose: string,
): string {
  const entry = spelling === network ? network : `${spelling} (${network})`;
  const said = comment === undefined ? '' : ` ("${comment}")`;
  const what = ledger === undefined ? `${whose} entry ${entry}` : `the entry ${entry} of another ledger (${ledger})`;
  return `${what} in ${place} of ${enforcer}${said}`;
}
