import type { Network } from '../../../shared/network.ts';
import type { Soon } from '../../in-turns.ts';
import type { Endpoint } from '../../outgoing/endpoint.ts';
import type { ProtectedSource } from '../../protection/protected-source.ts';
import type { FirewallParts } from '../firewall-parts.ts';
import type { OpenedFirewall } from '../opened-firewall.ts';
import { readClusterAddresses } from './cluster-facts.ts';
import { ClusterFileRoom } from './cluster-file-room.ts';
import { clusterFile } from './cluster-file-size.ts';
import { LocalNetworks } from './local-networks.ts';
import { readManagement } from './management.ts';
import { openApi } from './open-api.ts';
import { ProxmoxIpset } from './proxmox-ipset.ts';
import type { ProxmoxSettings } from './proxmox-settings.ts';
import { ProxmoxTransport } from './proxmox-transport.ts';
import { listTurns } from './read-set.ts';

/** What a `[proxmox NAME]` section stands for. All its calls take turns on one connection. */
export function openProxmox(settings: ProxmoxSettings, { clock, marks, soon }: FirewallParts): OpenedFirewall {
  const { name, endpoint, readToken, ipset, limits } = settings;
  const transport = new ProxmoxTransport({ endpoint, readToken, clock });
  const file = isThisNode(endpoint) ? clusterFile : undefined;
  const room = new ClusterFileRoom({ mark: marks.own, ipset, clock, file });
  return {
    enforcer: new ProxmoxIpset({ name, ipset, clock, soon, transport, marks, room }),
    room,
    onDoubt: (relist) => room.onDoubt(relist),
    limits,
    protectedSources: [
      {
        name: `proxmox/${name}/nodes`,
        reason: `the address of a node of proxmox/${name}`,
        read: (signal) => readClusterAddresses(transport, signal),
      },
      managementSource(name, transport, soon),
    ],
  };
}

/** Whether the API is that of the machine on which this runs. */
function isThisNode({ host }: Endpoint): boolean {
  return ['127.0.0.1', '::1', 'localhost'].includes(host);
}

function managementSource(name: string, transport: ProxmoxTransport, soon: Soon): ProtectedSource {
  const localNetworks = new LocalNetworks();
  let unknown: readonly string[] = [];
  const read = async (signal: AbortSignal): Promise<readonly Network[]> => {
    const content = await readManagement(await openApi(transport, signal), localNetworks, listTurns(soon));
    unknown = content.unknown.map(({ member, reason }) => `${member} (${reason})`);
    return content.networks;
  };
  return {
    name: `proxmox/${name}/management`,
    reason: `in the management ipset of proxmox/${name}`,
    read,
    unknown: () => unknown,
  };
}
