import { pino } from 'pino';
import { Core, type CoreParts, type CoreSettings } from '../../server/core.ts';
import { OwnMarks } from '../../server/enforcers/ownership/ledger-mark.ts';
import type { Ledger } from '../../server/ledger/ledger.ts';
import { DecisionFile } from '../../server/rescue/decision-file.ts';
import type { ManualClock } from '../manual-clock.ts';
import { network, noNames } from './samples.ts';

/** Settings with nothing special but these whitelist entries. */
export function coreSettings(whitelist: readonly string[] = []): CoreSettings {
  return {
    protection: { rememberHostsSeconds: 2_592_000, withoutSources: [], isIgnoreipTrusted: false },
    policy: { allowPrivate: false, widest: { 4: 16, 6: 32 }, reportsPerClientMax: 100_000 },
    whitelist: whitelist.map(network),
    whitelistFromFile: [],
    whitelistNames: [],
    historyDays: 90,
    historyMax: 1_000_000,
    escalation: undefined,
  };
}

/** The whole server but for its sockets and firewalls, with what the ledger holds. */
export async function openCore(
  ledger: Ledger,
  clock: ManualClock,
  whitelist: readonly string[] = [],
  parts: Partial<CoreParts> = {},
): Promise<Core> {
  const core = new Core(
    coreSettings(whitelist),
    {
      ledger,
      decisions: new DecisionFile([]),
      firewalls: [],
      channels: [],
      protectedSources: [],
      resolve: noNames,
      marks: new OwnMarks(['mem1']),
      clock,
      random: () => 0.5,
      soon: setImmediate,
      log: pino({ level: 'silent' }),
      ...parts,
    },
    await ledger.load(),
  );
  core.check();
  return core;
}
