import type { Clock } from '../shared/clock.ts';
import type { Network } from '../shared/network.ts';
import type { Draft } from './draft.ts';
import { LedgerError, type NameEntry, type WhitelistEntry } from './ledger/ledger.ts';
import type { Whitelist } from './policy/whitelist.ts';
import type { WhitelistNames } from './policy/whitelist-names.ts';
import type { Record } from './record.ts';
import type { StandingBans } from './standing-bans.ts';

export interface ExpirySweepOptions {
  readonly record: Record;
  readonly standing: StandingBans;
  readonly whitelist: Whitelist;
  /** Absent: no names are whitelisted. */
  readonly whitelistNames?: Pick<WhitelistNames, 'due'>;
  readonly clock: Clock;
}

const actor = 'server';

/** So many expired reports are withdrawn at once, in turn with what hosts send. */
const perWrite = 500;
/** The turns of the sweep; no host has such a name. */
const sweepTurns = '/expiry';

/**
 * Withdraws the reports and whitelist entries whose time has come. Does nothing when the record cannot be written: they
 * come again at the next sweep, and firewalls are not given what has ended anyway.
 */
export async function sweepExpired({
  record,
  standing,
  whitelist,
  whitelistNames,
  clock,
}: ExpirySweepOptions): Promise<void> {
  const now = clock.now();
  const reports = standing.due(now);
  const entries = whitelist.due(now);
  const names = whitelistNames?.due(now) ?? [];
  try {
    if (entries.length > 0) await record.write((draft) => endEntries(draft, entries));
    if (names.length > 0) await record.write((draft) => endNames(draft, names));
    for (let from = 0; from < reports.length; from += perWrite) {
      const some = reports.slice(from, from + perWrite);
      const withdraw = (draft: Draft): unknown => draft.withdrawAll(some, 'expired', actor);
      await record.write(withdraw, { client: sweepTurns, cost: some.length });
    }
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
  }
}

function endEntries(draft: Draft, entries: readonly WhitelistEntry[]): void {
  for (const { network } of entries) {
    if (!isAllowedAnew(draft, network)) draft.add({ kind: 'disallowed', network, actor, reason: 'expired' });
  }
}

function endNames(draft: Draft, names: readonly NameEntry[]): void {
  for (const { name } of names) {
    const isAnew = draft.changes.some((change) => change.kind === 'name-allowed' && change.entry.name === name);
    if (!isAnew) draft.add({ kind: 'name-disallowed', name });
  }
}

/** Whether the operator prolonged an entry in this very commit. */
function isAllowedAnew(draft: Draft, network: Network): boolean {
  return draft.changes.some((change) => change.kind === 'allowed' && change.entry.network === network);
}
