import { existsSync } from 'node:fs';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';

const top = '/sys/fs/cgroup';
/** The hierarchies in which systemd keeps its units: the two of a hybrid system, else the one that there is. */
const hybrid = ['systemd', 'unified'];

/** sd_booted(3): where systemd runs, it gives each machine a cgroup of its own. */
export const isHostBooted = existsSync('/run/systemd/system');

/**
 * Makes a cgroup for a machine on a host without systemd, so that two machines do not share one.
 *
 * @returns the files that a process is moved by, one for each hierarchy
 */
export async function makeCgroup(name: string): Promise<readonly string[]> {
  const hierarchies = hybrid.filter((each) => existsSync(join(top, each, 'cgroup.procs')));
  const folders = (hierarchies.length === 0 ? [''] : hierarchies).map((each) => join(top, each, name));
  for (const folder of folders) await mkdir(folder);
  return folders.map((folder) => join(folder, 'cgroup.procs'));
}

/** Removes what {@link makeCgroup} made, with all that the machine made below. Its processes have ended. */
export async function removeCgroup(files: readonly string[]): Promise<void> {
  for (const file of files) await removeTree(join(file, '..'));
}

async function removeTree(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  for (const entry of entries) if (entry.isDirectory()) await removeTree(join(folder, entry.name));
  await rmdir(folder);
}
