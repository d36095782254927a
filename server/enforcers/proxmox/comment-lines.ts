import { join } from 'node:path';
import { readIfPresent } from '../../../shared/host/absent-file.ts';

/** Where a node has the file, below `/etc/pve`. */
export function clusterFileIn(proxmoxFolder: string): string {
  return join(proxmoxFolder, 'firewall', 'cluster.fw');
}

/**
 * Lines of cluster.fw that are nothing but a comment: whoever keeps the file by hand has some, and Proxmox drops them with the
 * first change that goes through it (Firewall.pm, save_clusterfw_conf).
 *
 * @returns undefined where this host has no such file
 * @throws Error when it cannot be read
 */
export async function countCommentLines(proxmoxFolder: string): Promise<number | undefined> {
  const text = await readIfPresent(clusterFileIn(proxmoxFolder));
  return text?.split('\n').filter((line) => /^\s*#/.test(line)).length;
}
