import { checksums } from './checksums.ts';
import { lossesBySubject } from './losses-by-subject.ts';
import { lossesThatHoldBack } from './losses-that-hold-back.ts';
import type { Migration } from './migration.ts';
import { ownership } from './ownership.ts';
import { protection } from './protection.ts';
import { protectionChecksums } from './protection-checksums.ts';

/**
 * All there are, in order; each stands in a file of its own, named after what it adds. A new one goes to the end, with the next
 * number. A new ledger takes the same way: the tables of version 1, then all of these.
 */
export const migrations: readonly Migration[] = [
  protection,
  ownership,
  checksums,
  protectionChecksums,
  lossesThatHoldBack,
  lossesBySubject,
];
