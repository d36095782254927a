import type { EmulatedProxmox } from '../emulators/proxmox/emulated-proxmox.ts';

/** The networks below `[IPSET blacklist]`, whoever wrote them. */
export function blacklistOf(proxmox: EmulatedProxmox): string[] {
  const [, rest = ''] = (proxmox.readClusterFw() ?? '').split(/^\[IPSET blacklist\].*$/im);
  const [section = ''] = rest.split(/^\[/m);
  return section.split('\n').flatMap((line) => /^[^#\s]+/.exec(line) ?? []);
}
