import type { DiskFacts } from '../facts/read-disk.ts';
import type { Said } from './said.ts';

const mebibyte = 1_048_576;
/** SQLite's write-ahead log alone may take as much during a burst of bans. */
const leastFreeBytes = 64 * mebibyte;
/** On small disks a share counts instead. */
const warningFreeBytes = 512 * mebibyte;
const warningFreeShare = 0.05;

export function judgeDisk(facts: DiskFacts): readonly Said[] {
  if (facts.kind === 'unreadable') {
    return [
      {
        level: 'warning',
        code: 'ledger-folder-unreadable',
        fact: `the folder of the ledger cannot be read: ${facts.reason}`,
        consequence: 'the server does not start when the folder is missing',
        command: ({ start }) => `the unit of systemd makes it: ${start}; else: mkdir -p ${facts.folder}`,
      },
    ];
  }
  const { folder, freeBytes, totalBytes } = facts;
  const fact = `${folder} has ${Math.floor(freeBytes / mebibyte)} MiB left`;
  const command = `df -h ${folder}; journalctl --vacuum-size=200M`;
  if (freeBytes < leastFreeBytes) {
    const consequence = 'bans are refused as soon as the ledger cannot be written; the hosts keep them';
    return [{ level: 'broken', code: 'disk-full', fact, consequence, command }];
  }
  if (freeBytes >= Math.min(warningFreeBytes, totalBytes * warningFreeShare)) return [];
  return [{ level: 'warning', code: 'disk-low', fact, consequence: 'a full disk refuses every new ban', command }];
}
