import type { Proxmox } from 'proxmox-api';
import { type Network, parseNetwork } from '../../../shared/network.ts';
import { isSet, objectOf, objectsOf, type Readable, readable, textOf } from './readable.ts';

/** A node of the cluster. */
export interface NodeFacts {
  readonly name: string;
  /** Undefined when Proxmox knows none. */
  readonly address: Network | undefined;
  readonly isOnline: boolean;
  readonly firewall: Readable<NodeFirewall>;
  /** The node's clock, in seconds since the epoch. */
  readonly timeSeconds: Readable<number>;
}

export interface NodeFirewall {
  /** Off in host.fw: the node itself is not protected, its guests still are. */
  readonly isEnabled: boolean;
  /** proxmox-firewall does the filtering, which gives the ipset `blacklist` no meaning of its own. */
  readonly isNftables: boolean;
}

/** @throws EnforcerError when the nodes cannot be listed */
export async function readNodes(api: Proxmox.Api): Promise<readonly NodeFacts[]> {
  const status = objectsOf(await api.cluster.status.$get(), 'cluster status');
  const nodes: NodeFacts[] = [];
  for (const item of status) if (item['type'] === 'node') nodes.push(await readNode(api, item));
  return nodes;
}

/** Their addresses alone, for the policy. @throws EnforcerError */
export async function readNodeAddresses(api: Proxmox.Api): Promise<readonly Network[]> {
  const status = objectsOf(await api.cluster.status.$get(), 'cluster status');
  return status.map(({ ip }) => parseNetwork(textOf(ip))).filter((address) => address !== undefined);
}

async function readNode(api: Proxmox.Api, item: Readonly<Record<string, unknown>>): Promise<NodeFacts> {
  const name = textOf(item['name']);
  const node = api.nodes.$(name);
  const isOnline = isSet(item['online']);
  const offline = { unreadable: `node ${name} is offline` };
  return {
    name,
    address: parseNetwork(textOf(item['ip'])),
    isOnline,
    firewall: isOnline ? await readable(async () => firewallOf(await node.firewall.options.$get())) : offline,
    timeSeconds: isOnline
      ? await readable(async () => Number(objectOf(await node.time.$get(), 'time')['time']))
      : offline,
  };
}

function firewallOf(data: unknown): NodeFirewall {
  const { enable, nftables } = objectOf(data, 'firewall options');
  return { isEnabled: enable === undefined || isSet(enable), isNftables: isSet(nftables) };
}
