import type { Clock } from '../../../shared/clock.ts';
import { EnforcerError } from '../../../shared/errors.ts';
import type { Network } from '../../../shared/network.ts';
import type { OpenedFirewall, ProtectedSource } from '../opened-firewall.ts';
import type { OwnMarks } from '../ownership/ledger-mark.ts';
import { readClusterAddresses } from './cluster-facts.ts';
import { LocalNetworks } from './local-networks.ts';
import { readManagement } from './management.ts';
import { openApi } from './open-api.ts';
import { ProxmoxIpset } from './proxmox-ipset.ts';
import type { ProxmoxSettings } from './proxmox-settings.ts';
import { ProxmoxTransport } from './proxmox-transport.ts';

/** What a `[proxmox NAME]` section stands for. All its calls take turns on one connection. */
export function openProxmox(settings: ProxmoxSettings, clock: Clock, marks: OwnMarks): OpenedFirewall {
  const { name, endpoint, readToken, ipset, limits } = settings;
  const transport = new ProxmoxTransport({ endpoint, readToken, clock });
  return {
    enforcer: new ProxmoxIpset({ name, ipset, clock, transport, marks }),
    limits,
    protectedSources: [
      {
        reason: `the address of a node of proxmox/${name}`,
        read: (signal) => unlessUnavailable(readClusterAddresses(transport, signal)),
      },
      managementSource(name, transport),
    ],
  };
}

function managementSource(name: string, transport: ProxmoxTransport): ProtectedSource {
  const localNetworks = new LocalNetworks();
  let unknown: readonly string[] = [];
  const read = async (signal: AbortSignal): Promise<readonly Network[]> => {
    const content = await readManagement(await openApi(transport, signal), localNetworks);
    unknown = content.unknown.map(({ member, reason }) => `${member} (${reason})`);
    return content.networks;
  };
  return {
    reason: `in the management ipset of proxmox/${name}`,
    read: (signal) => unlessUnavailable(read(signal)),
    unknown: () => unknown,
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
