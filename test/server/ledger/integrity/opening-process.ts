import { LedgerError, type LedgerState } from '../../../../server/ledger/ledger.ts';
import { SqliteLedger } from '../../../../server/ledger/sqlite-ledger.ts';
import { ConfigError } from '../../../../shared/errors.ts';
import { ManualClock } from '../../../manual-clock.ts';

/**
 * Opens the ledger of its argument as a start of the server does, and prints what stands in it, with what was lost. Ends with 78
 * when the operator must act, as the server does also over a LedgerError of its start: over what is damaged beyond that, the library ends the process, which must be another one than the test's.
 */
async function open(file: string): Promise<void> {
  const ledger = await SqliteLedger.open(file, new ManualClock(Date.UTC(2026, 0, 31, 12)));
  const { losses, ...state } = await ledger.load();
  // What no report needs any more may be damaged: it is not told, and that is no end.
  await ledger.history({ most: 100 }).catch((error: unknown) => {
    if (!(error instanceof LedgerError)) throw error;
  });
  await ledger.close();
  process.stdout.write(JSON.stringify({ decides: decides(state), losses: losses.map(({ text }) => text) }));
}

/** All of it but what only a person reads. */
function decides(state: Omit<LedgerState, 'losses'>) {
  const { id, marks, paused, reports, whitelist, whitelistNames, clients, streams, ...known } = state;
  return {
    reports: reports.map((report) => JSON.stringify({ ...report, endsAt: String(report.endsAt) })),
    rest: {
      ...{ id, marks, paused },
      whitelist: whitelist.map(({ network, endsAt }) => [network, String(endsAt)]),
      names: whitelistNames.map(({ name, endsAt }) => [name, String(endsAt)]),
      clients: clients.map(({ description: _, addedAt: __, ...client }) => client),
      streams: Array.from(streams, ([client, numbers]) => [client, [...numbers]]),
      protectedSets: known.protectedSets,
      hostAddresses: [...known.hostAddresses],
    },
  };
}

const [, , file = ''] = process.argv;
try {
  await open(file);
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof LedgerError)) throw error;
  process.stderr.write(error.message);
  process.exitCode = 78;
}
