import { type Caller, isAllowed } from '../access/access-control.ts';
import { digestOf, type Shown } from '../cluster-fw/digest.ts';
import { ApiFailure } from './api-failure.ts';
import type { ApiMethod, RequiredPrivilege } from './api-method.ts';
import type { EmulatedCluster, EmulatedFirewallOptions, EmulatedGuest, EmulatedNode } from './emulated-cluster.ts';
import { PATH_PART, type ParameterRules, type Parameters } from './parameters.ts';

const NODE: ParameterRules = { node: PATH_PART };
const GUEST: ParameterRules = { node: PATH_PART, vmid: { type: 'integer' } };

/**
 * What a doctor asks about nodes and guests, read-only. No recording covers these, except that a node's firewall
 * options cannot be changed with an ACL that stops at `/`: their shape follows the API's public description.
 */
export function makeClusterMethods(cluster: EmulatedCluster, isQuorate: () => boolean): readonly ApiMethod[] {
  return [
    ask('cluster/status', {}, () => showStatus(cluster, isQuorate()), onRoot),
    ask(
      'cluster/resources',
      { type: { type: 'string', optional: true, allowed: ['vm', 'storage', 'node', 'sdn'] } },
      (given, caller) => listResources(cluster, given, caller),
    ),
    ask('nodes', {}, () => cluster.nodes.map(showNode)),
    ask('nodes/{node}/status', NODE, (given) => showNodeStatus(findNode(cluster, given)), onNode),
    ask('nodes/{node}/network', NODE, (given) => showNetwork(findNode(cluster, given)), onNode),
    ask('nodes/{node}/time', NODE, (given) => showTime(findNode(cluster, given)), onNode),
    ask('nodes/{node}/firewall/options', NODE, (given) => showOptions(findNode(cluster, given).firewall), onNode),
    // Changing is only there to be refused for want of the privilege; with it, the emulator does not go along.
    {
      ...ask(
        'nodes/{node}/firewall/options',
        { ...NODE, enable: { type: 'boolean', optional: true } },
        refuseChange,
        (given) => ({
          path: `/nodes/${given.node}`,
          privilege: 'Sys.Modify',
        }),
      ),
      verb: 'PUT',
    },
    ...(['qemu', 'lxc'] as const).flatMap((type) => [
      ask(`nodes/{node}/${type}`, NODE, (given, caller) => listGuests(cluster, type, given, caller)),
      ask(`nodes/{node}/${type}/{vmid}/config`, GUEST, (given) => showConfig(findGuest(cluster, type, given)), onGuest),
      ask(
        `nodes/{node}/${type}/{vmid}/firewall/options`,
        GUEST,
        (given) => showOptions(findGuest(cluster, type, given).firewall),
        onGuest,
      ),
    ]),
  ];
}

function ask(
  path: string,
  parameters: ParameterRules,
  answer: (parameters: Parameters, caller: Caller) => unknown,
  requires?: (parameters: Parameters) => RequiredPrivilege,
): ApiMethod {
  return {
    kind: 'other-query',
    verb: 'GET',
    path,
    parameters,
    ask: answer,
    ...(requires === undefined ? {} : { requires }),
  };
}

function onRoot(): RequiredPrivilege {
  return { path: '/', privilege: 'Sys.Audit' };
}

function onNode({ node }: Parameters): RequiredPrivilege {
  return { path: `/nodes/${node}`, privilege: 'Sys.Audit' };
}

function onGuest({ vmid }: Parameters): RequiredPrivilege {
  return { path: `/vms/${vmid}`, privilege: 'VM.Audit' };
}

function refuseChange(): never {
  throw new ApiFailure(501, 'the emulator does not change nodes');
}

function findNode(cluster: EmulatedCluster, { node }: Parameters): EmulatedNode {
  const found = cluster.nodes.find(({ name }) => name === node);
  if (found === undefined) throw new ApiFailure(500, `hostname lookup '${node}' failed - failed to get address info`);
  if (found.online === false) throw new ApiFailure(595, 'No route to host');
  return found;
}

function findGuest(cluster: EmulatedCluster, type: string, given: Parameters): EmulatedGuest {
  const { name } = findNode(cluster, given);
  const found = cluster.guests.find(
    (guest) => String(guest.vmid) === given.vmid && guest.type === type && guest.node === name,
  );
  if (found !== undefined) return found;
  const folder = type === 'qemu' ? 'qemu-server' : 'lxc';
  throw new ApiFailure(500, `Configuration file 'nodes/${name}/${folder}/${given.vmid}.conf' does not exist`);
}

/** A single node shows only itself; a cluster shows itself first. */
function showStatus({ name, nodes }: EmulatedCluster, quorate: boolean): Shown[] {
  const shown = nodes.map((node, index) => ({
    type: 'node',
    id: `node/${node.name}`,
    name: node.name,
    ip: node.ip ?? '127.0.0.1',
    nodeid: name === undefined ? 0 : index + 1,
    local: index === 0 ? 1 : 0,
    online: node.online === false ? 0 : 1,
    level: '',
  }));
  if (name === undefined) return shown;
  return [
    { type: 'cluster', id: 'cluster', name, nodes: nodes.length, quorate: quorate ? 1 : 0, version: 1 },
    ...shown,
  ];
}

/** Guests that the caller may not see are left out without a word. */
function listResources({ nodes, guests }: EmulatedCluster, { type }: Parameters, caller: Caller): Shown[] {
  const visible = guests.filter(({ vmid }) => isAllowed(caller, `/vms/${vmid}`, 'VM.Audit'));
  const shown: Shown[] = [...visible.map(showGuest), ...nodes.map(showNode)];
  if (type === undefined) return shown;
  return shown.filter((each) => (type === 'vm' ? each.type === 'qemu' || each.type === 'lxc' : each.type === type));
}

function listGuests(cluster: EmulatedCluster, type: string, given: Parameters, caller: Caller): Shown[] {
  const node = findNode(cluster, given).name;
  return cluster.guests
    .filter(
      (guest) => guest.type === type && guest.node === node && isAllowed(caller, `/vms/${guest.vmid}`, 'VM.Audit'),
    )
    .map(({ vmid, name, running }) => ({ vmid, name, status: running === false ? 'stopped' : 'running' }));
}

function showGuest({ vmid, type, node, name, running }: EmulatedGuest): Shown {
  return {
    id: `${type}/${vmid}`,
    type,
    vmid,
    node,
    name,
    status: running === false ? 'stopped' : 'running',
    template: 0,
  };
}

function showNode({ name, online }: EmulatedNode): Shown {
  return { id: `node/${name}`, type: 'node', node: name, status: online === false ? 'offline' : 'online', level: '' };
}

function showNodeStatus({ name }: EmulatedNode): Shown {
  return {
    pveversion: 'pve-manager/9.2.11/14a22df3',
    kversion: 'Linux 6.18.0-1-pve',
    uptime: 86_400,
    cpuinfo: { cpus: 2, model: `emulated on ${name}` },
    memory: { total: 8_589_934_592, used: 2_147_483_648, free: 6_442_450_944 },
  };
}

/** As INotify.pm reads /etc/network/interfaces: an address that is not configured there is not shown. */
function showNetwork(node: EmulatedNode): Shown[] {
  const { ip = '127.0.0.1' } = node;
  const cidr = 'cidr' in node ? node.cidr : `${ip}/${ip.includes(':') ? 128 : 32}`;
  const family = ip.includes(':') ? '6' : '';
  const [address, netmask] = cidr?.split('/') ?? [];
  const configured =
    cidr === undefined
      ? { [`method${family}`]: 'dhcp' }
      : {
          [`method${family}`]: 'static',
          [`cidr${family}`]: cidr,
          [`address${family}`]: address,
          [`netmask${family}`]: netmask,
        };
  return [
    { iface: 'eno1', type: 'eth', method: 'manual', method6: 'manual', active: 1, exists: 1, priority: 3 },
    { iface: 'vmbr0', type: 'bridge', bridge_ports: 'eno1', active: 1, autostart: 1, priority: 4, ...configured },
  ];
}

function showTime({ clockAheadMs = 0 }: EmulatedNode): Shown {
  const seconds = Math.floor((Date.now() + clockAheadMs) / 1000);
  return { timezone: 'Etc/UTC', time: seconds, localtime: seconds };
}

function showOptions({ enable, nftables }: EmulatedFirewallOptions = {}): Shown {
  const options = {
    ...(enable === undefined ? {} : { enable: enable ? 1 : 0 }),
    ...(nftables === undefined ? {} : { nftables: nftables ? 1 : 0 }),
  };
  return { ...options, digest: digestOf([options]) };
}

function showConfig({ vmid, type, name, networks }: EmulatedGuest): Shown {
  const shown: Record<string, string | number> =
    type === 'qemu' ? { name, memory: '2048' } : { hostname: name, memory: 512 };
  for (const [index, { firewall }] of networks.entries()) {
    const address = `BC:24:11:00:${toHex(vmid)}:${toHex(index)}`;
    const nic =
      type === 'qemu' ? `virtio=${address},bridge=vmbr0` : `name=eth${index},bridge=vmbr0,hwaddr=${address},type=veth`;
    shown[`net${index}`] = firewall ? `${nic},firewall=1` : nic;
  }
  return { ...shown, digest: digestOf([shown]) };
}

function toHex(value: number): string {
  return (value % 256).toString(16).toUpperCase().padStart(2, '0');
}
