import { dirname } from 'node:path';
import type { Step } from '../../shared/host/setup-step.ts';
import { isUnder, type Places } from './host.ts';
import { type FileState, readState, restoreState } from './host-files.ts';
import { type Recorded, type RecordedFile, type SetupRecord, sha256Of } from './record.ts';

/** A file that goes back to what it was. */
export interface Return {
  readonly path: string;
  readonly now: FileState | undefined;
  readonly before: FileState | undefined;
}

export interface SortedFiles {
  /** Those of fail2ban; the last that was made first. */
  readonly fail2ban: readonly Return[];
  /** All others, in the same order. */
  readonly others: readonly Return[];
  readonly kept: readonly RecordedFile[];
  /** Says which stay, and why. */
  readonly stays: readonly string[];
}

/** Which of the files that setup wrote go back to what they were, and which stay. */
export async function sortOut({ files }: Recorded, places: Places, record: SetupRecord): Promise<SortedFiles> {
  const read = await Promise.all(files.map(async (file) => ({ file, ...(await compare(file, record)) })));
  const blocked = read.filter(({ reason }) => reason !== undefined);
  const stuck = new Set(blocked.map(({ file }) => groupOf(file.path, places)));
  const kept = read.filter(({ file }) => stuck.has(groupOf(file.path, places)));
  const returns = read
    .filter((each) => !kept.includes(each))
    .map(({ file, now, before }) => ({ path: file.path, now, before }))
    .reverse();
  return {
    fail2ban: returns.filter(({ path }) => isUnder(places.fail2ban, path)),
    others: returns.filter(({ path }) => !isUnder(places.fail2ban, path)),
    kept: kept.map(({ file }) => file),
    stays: kept.map(({ file, reason }) => sayStay(file, reason ?? 'it belongs to one that stays', record)),
  };
}

export function returnStep({ path, before }: Return): Step {
  return {
    says: before === undefined ? `remove ${path}` : `put back ${path} as it was`,
    act: () => restoreState(path, before),
  };
}

/** `reason`: why it cannot go back; undefined: it can. */
async function compare({ path, sha256, backup, mode }: RecordedFile, record: SetupRecord) {
  const now = await readState(path);
  const copy = backup === null ? undefined : await record.kept(backup);
  const before = copy === undefined ? undefined : { text: copy, mode: mode ?? 0o600 };
  const isLost = backup !== null && copy === undefined && now !== undefined;
  if (isLost) return { now, before, reason: 'the copy of what was there is gone' };
  const isChanged = now !== undefined && sha256Of(now.text) !== sha256 && now.text !== before?.text;
  return { now, before, reason: isChanged ? 'it was changed since' : undefined };
}

/** Files that need one another: client.ini its key, the jails their action. */
function groupOf(path: string, { fail2ban }: Places): string {
  return isUnder(fail2ban, path) ? fail2ban : dirname(path);
}

function sayStay({ path, backup }: RecordedFile, reason: string, record: SetupRecord): string {
  const was = backup === null ? 'there was none before setup' : `as it was before: ${record.pathOf(backup)}`;
  return `stays: ${path}: ${reason} (${was})`;
}
