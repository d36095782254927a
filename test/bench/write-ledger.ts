import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Report } from '../../server/ledger/ledger.ts';
import { SqliteLedger } from '../../server/ledger/sqlite-ledger.ts';
import type { Network } from '../../shared/network.ts';

const dayMs = 86_400_000;

/** Reports of these networks, dealt out to so many clients; no two end in the same second until a day is full. */
export function reportsOf(networks: readonly Network[], clients = 1): Report[] {
  const reportedAt = Date.now();
  return networks.map((network, index) => ({
    network,
    client: `host${index % clients}`,
    jail: 'sshd',
    source: 'jail',
    reportedAt,
    isLifted: false,
    endsAt: reportedAt + 3_600_000 + ((index * 1_000) % dayMs),
  }));
}

/** Makes the ledger that a server is to start with. @returns its id in the marks of entries */
export async function writeLedger(file: string, reports: readonly Report[]): Promise<string> {
  await mkdir(dirname(file), { recursive: true });
  const ledger = await SqliteLedger.open(file);
  await ledger.commit(
    reports.map((report) => ({ kind: 'reported', report, replaces: undefined })),
    Date.now(),
  );
  await ledger.close();
  const [mark] = ledger.marks;
  if (mark === undefined) throw new Error(`${file} has no mark`);
  return mark;
}
