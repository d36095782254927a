import { writeSync } from 'node:fs';
import type { Change } from '../../../server/ledger/ledger.ts';
import { SqliteLedger } from '../../../server/ledger/sqlite-ledger.ts';
import { makeReport } from '../samples.ts';

/**
 * Commits until it is killed: `node committing-process.js FILE FIRST`. Commit number N holds the reports of N and the
 * stream's number N, and once it is durable a line with N goes out.
 */
const [, , file = '', first = ''] = process.argv;
const ledger = await SqliteLedger.open(file);
for (let number = Number(first); ; number += 1) {
  const changes: Change[] = Array.from({ length: 1 + (number % 40) }, (_, at) => ({
    kind: 'reported',
    report: makeReport(`203.${Math.floor(number / 256) % 256}.${number % 256}.${at}`, { reportedAt: number }),
    replaces: undefined,
  }));
  changes.push({ kind: 'advanced', client: 'web1', stream: 'stream-1', number, isNew: number === 1 });
  await ledger.commit(changes, number);
  writeSync(1, `${number}\n`);
}
