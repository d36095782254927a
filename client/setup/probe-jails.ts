import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CommandError } from '../../shared/host/command-runner.ts';
import type { WantedFile } from './plan-files.ts';

/** A jail that would not hand over, or not run at all, with our file. */
export interface UnwirableJail {
  readonly name: string;
  readonly reason: string;
}

export interface Probe {
  /** fail2ban's folder. */
  readonly folder: string;
  /** Files that setup adds to it besides. */
  readonly others: readonly WantedFile[];
  /** Our file for these jails. */
  readonly fileOf: (jails: readonly string[]) => WantedFile;
  /** Which jails would have our action, had fail2ban another folder. Rejects where it cannot read it. */
  readonly readWired: (folder: string) => Promise<ReadonlySet<string>>;
}

/**
 * Finds jails that cannot be wired, so that one of them does not keep the others from it: fail2ban reads a copy of its folder with
 * our file, for all jails at once, and only if it does not take that for each alone.
 */
export async function findUnwirable(jails: readonly string[], probe: Probe): Promise<readonly UnwirableJail[]> {
  if (jails.length === 0) return [];
  const copy = await mkdtemp('/tmp/fail2networkban-setup-');
  try {
    await cp(probe.folder, copy, { recursive: true });
    for (const file of probe.others) await writeInto(copy, file, probe.folder);
    return (await judge(copy, jails, probe)) ?? (await judgeEach(copy, jails, probe));
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function judgeEach(copy: string, jails: readonly string[], probe: Probe): Promise<readonly UnwirableJail[]> {
  const found: UnwirableJail[] = [];
  for (const name of jails) {
    const reason =
      'it sets its actions by %(known/action)s itself, or in another way that fail2ban does not read twice';
    found.push(...((await judge(copy, [name], probe)) ?? [{ name, reason }]));
  }
  return found;
}

/** @returns undefined when fail2ban cannot read the folder with our file for these jails */
async function judge(
  copy: string,
  jails: readonly string[],
  probe: Probe,
): Promise<readonly UnwirableJail[] | undefined> {
  await writeInto(copy, probe.fileOf(jails), probe.folder);
  try {
    const wired = await probe.readWired(copy);
    const reason = "another file sets its actions after setup's";
    return jails.filter((name) => !wired.has(name)).map((name) => ({ name, reason }));
  } catch (error) {
    if (error instanceof CommandError && error.code === 'failed') return undefined;
    throw error;
  }
}

async function writeInto(copy: string, { path, text }: WantedFile, folder: string): Promise<void> {
  const place = join(copy, relative(folder, path));
  await mkdir(join(place, '..'), { recursive: true });
  await writeFile(place, text);
}
