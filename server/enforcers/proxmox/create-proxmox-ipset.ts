import type { Clock } from '../../../shared/clock.ts';
import { ProxmoxIpset } from './proxmox-ipset.ts';
import type { ProxmoxSettings } from './proxmox-settings.ts';
import { ProxmoxTransport } from './proxmox-transport.ts';

/** The enforcer of a `[proxmox NAME]` section, with a connection of its own. */
export function createProxmoxIpset(settings: ProxmoxSettings, clock: Clock): ProxmoxIpset {
  const { name, endpoint, readToken, ipset } = settings;
  return new ProxmoxIpset({ name, ipset, clock, transport: new ProxmoxTransport({ endpoint, readToken, clock }) });
}
