import type { Proxmox } from 'proxmox-api';
import type { Network } from '../../../shared/network.ts';
import { readBytesElsewhere } from './cluster-file-size.ts';
import { hasDropRule } from './drop-rule.ts';
import { type GuestFacts, readGuests } from './guest-facts.ts';
import { bytesOf, describeIpset, type IpsetFacts } from './ipset-facts.ts';
import { LocalNetworks } from './local-networks.ts';
import { readManagement } from './management.ts';
import { type NodeFacts, readNodeAddresses, readNodes } from './node-facts.ts';
import { openApi } from './open-api.ts';
import type { ProxmoxTransport } from './proxmox-transport.ts';
import { readIpset, type SetContent } from './read-set.ts';
import { isSet, objectOf, type Readable, readable, textOf } from './readable.ts';

/** How far a privilege goes: `here` is enough for the cluster firewall, `below` also for nodes and guests. */
export type Grant = 'none' | 'here' | 'below';

export interface Permissions {
  readonly sysModify: Grant;
  readonly sysAudit: Grant;
  readonly vmAudit: Grant;
}

/** What is known of a cluster: read only, and what could not be read says why. */
export interface ClusterFacts {
  readonly version: string;
  readonly permissions: Readable<Permissions>;
  /** Whether `enable: 1` stands in cluster.fw; without it nothing is dropped anywhere. */
  readonly firewall: Readable<FirewallSwitch>;
  readonly nodes: Readable<readonly NodeFacts[]>;
  /** Undefined: there is no such ipset. */
  readonly ipset: Readable<IpsetFacts | undefined>;
  /** Whether a rule of the datacenter drops what comes from the ipset. */
  readonly dropRule: Readable<boolean>;
  /** Addresses that administrate the cluster. */
  readonly management: Readable<SetContent>;
  /** The size of cluster.fw as Proxmox writes it. */
  readonly fileBytes: Readable<number>;
  readonly guests: Readable<readonly GuestFacts[]>;
}

/**
 * Whether the cluster's firewall is on. Who sets `enable` to 2 has it for a minute: Proxmox writes the time, shows it meanwhile, and
 * takes an older one for off (Firewall.pm parse_clusterfw_option).
 */
export type FirewallSwitch = 'on' | 'off' | 'on-for-a-minute';

/**
 * Asks a Proxmox all that bears on whether bans take effect.
 *
 * @throws EnforcerError when it does not answer at all, or does not know the token
 */
export async function readClusterFacts(
  transport: ProxmoxTransport,
  ipset: string,
  signal: AbortSignal,
): Promise<ClusterFacts> {
  const api = await openApi(transport, signal);
  const version = textOf(objectOf(await api.version.$get(), 'version')['version']);
  const permissions = await readable(async () => permissionsOf(await api.access.permissions.$get()));
  const mayReadGuests = !('vmAudit' in permissions) || permissions.vmAudit === 'below';
  return {
    version,
    permissions,
    firewall: await readable(async () =>
      switchOf(objectOf(await api.cluster.firewall.options.$get(), 'options')['enable']),
    ),
    nodes: await readable(() => readNodes(api)),
    ipset: await readable(async () => {
      const entries = await readIpset(api, ipset);
      return entries && describeIpset(entries);
    }),
    dropRule: await readable(() => hasDropRule(api, ipset)),
    management: await readable(() => readManagement(api, new LocalNetworks())),
    fileBytes: await readable(() => readFileBytes(api, ipset)),
    guests: mayReadGuests
      ? await readable(() => readGuests(api))
      : { unreadable: 'the token lacks VM.Audit on /vms, so guests and their network cards are not shown to it' },
  };
}

/** The addresses of the cluster's nodes. @throws EnforcerError */
export async function readClusterAddresses(
  transport: ProxmoxTransport,
  signal: AbortSignal,
): Promise<readonly Network[]> {
  return await readNodeAddresses(await openApi(transport, signal));
}

function permissionsOf(data: unknown): Permissions {
  const paths = objectOf(data, 'permissions');
  return {
    sysModify: grantOf(paths, ['/'], 'Sys.Modify'),
    sysAudit: grantOf(paths, ['/'], 'Sys.Audit'),
    vmAudit: grantOf(paths, ['/vms', '/'], 'VM.Audit'),
  };
}

/** 0 is granted without propagation, not denied; denied is absent. */
function grantOf(paths: Readonly<Record<string, unknown>>, where: readonly string[], privilege: string): Grant {
  const granted = where
    .map((path) => paths[path])
    .map((privileges) => objectOf(privileges ?? {}, 'privileges')[privilege]);
  if (granted.some(isSet)) return 'below';
  return granted.some((value) => value !== undefined) ? 'here' : 'none';
}

async function readFileBytes(api: Proxmox.Api, ipset: string): Promise<number> {
  return (await readBytesElsewhere(api, ipset)) + bytesOf((await readIpset(api, ipset)) ?? []);
}

function switchOf(enable: unknown): FirewallSwitch {
  if (!isSet(enable)) return 'off';
  return Number(enable) > 1 ? 'on-for-a-minute' : 'on';
}
