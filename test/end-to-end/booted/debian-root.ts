import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assertRoot } from '../assert-root.ts';

const folder = '/var/cache/fail2networkban-tests/debian';
const script = join(import.meta.dirname, '..', '..', '..', '..', 'test', 'make-debian-root.sh');

/** The folder of a Debian that is never written to. @throws when it is not made yet, with the command that makes it */
export function debianRoot(): string {
  assertRoot('booting a Debian');
  if (!existsSync(`${folder}.content`)) throw new Error(`${folder} is not there; ${script} makes it`);
  return folder;
}
