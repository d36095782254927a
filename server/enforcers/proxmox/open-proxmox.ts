import type { Clock } from '../../../shared/clock.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';
import type { OpenedFirewall } from '../opened-firewall.ts';
import { readClusterAddresses, readManagement } from './cluster-facts.ts';
import { ProxmoxIpset } from './proxmox-ipset.ts';
import type { ProxmoxSettings } from './proxmox-settings.ts';
import { ProxmoxTransport } from './proxmox-transport.ts';

/** What a `[proxmox NAME]` section stands for. All its calls take turns on one connection. */
export function openProxmox(settings: ProxmoxSettings, clock: Clock): OpenedFirewall {
  const { name, endpoint, readToken, ipset, limits } = settings;
  const transport = new ProxmoxTransport({ endpoint, readToken, clock });
  return {
    enforcer: new ProxmoxIpset({ name, ipset, clock, transport }),
    limits,
    protectedSources: [
      {
        reason: `the address of a node of proxmox/${name}`,
        read: (signal) => unlessUnavailable(readClusterAddresses(transport, signal)),
      },
      {
        reason: `in the management ipset of proxmox/${name}`,
        read: (signal) => unlessUnavailable(readManagement(transport, signal)),
      },
    ],
  };
}

async function unlessUnavailable(networks: Promise<readonly Network[]>): Promise<readonly Network[] | undefined> {
  try {
    return await networks;
  } catch (error) {
    if (error instanceof EnforcerError) return undefined;
    throw error;
  }
}
