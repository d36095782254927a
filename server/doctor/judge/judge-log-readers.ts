import { formatDuration } from '../../../shared/duration.ts';
import type { Said } from '../../../shared/finding.ts';
import type { LogFacts, LogReader } from '../facts/read-log-readers.ts';

const mebibyte = 1_048_576;
/** The server keeps it to half of this while nobody else reads. */
const warningBytes = 8 * mebibyte;

/** A reader that holds one state for long: what is written meanwhile cannot go into the ledger's file. */
export function judgeLogReaders({ file, bytes = 0, readers }: LogFacts): readonly Said[] {
  if (bytes <= warningBytes || readers.length === 0) return [];
  const who = readers.map(describe).join(', ');
  const pids = readers.flatMap(({ pid }) => pid ?? []);
  return [
    {
      level: 'warning',
      code: 'ledger-read-for-long',
      fact: `${file} has ${Math.floor(bytes / mebibyte)} MiB, and a reader keeps it from going into the ledger: ${who}`,
      consequence: 'it grows with every ban until the read transaction ends, and then shrinks by itself',
      command: pids.length === 0 ? `lsof ${file}` : `ps -fp ${pids.join(',')}; then end it`,
    },
  ];
}

function describe({ pid, program, runsForSeconds }: LogReader): string {
  if (pid === undefined || runsForSeconds === undefined) return program;
  return `${program} (process ${pid}, running for ${formatDuration(runsForSeconds)})`;
}
