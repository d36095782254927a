import { enumerate } from '../../../shared/enumerate.ts';
import type { Said } from '../../../shared/finding.ts';
import { clusterFile } from '../../enforcers/proxmox/cluster-file-size.ts';
import type { NodeFacts, NodeFirewall } from '../../enforcers/proxmox/node-facts.ts';
import type { UnknownMember } from '../../enforcers/proxmox/read-set.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import { unsplitIn } from '../../enforcers/proxmox/written-by-hand.ts';
import { type Answered, unreadable } from './answered.ts';
import { guestsNeedRule, ownMeaning, ruleCommand } from './judge-firewall.ts';

/** Certificates and log lines stay meaningful up to this. */
const clockToleranceMs = 60_000;

/** Each node: its own firewall, which program filters, its clock. */
export function judgeNodes(facts: Answered): readonly Said[] {
  const { nodes, permissions } = facts.cluster;
  if (isUnreadable(nodes)) return [unreadable('the nodes', nodes)];
  const said = [
    ...nodes.flatMap((node) => [...judgeFirewall(node, facts), ...judgeClock(node, facts)]),
    ...judgeGuestRules(nodes, facts),
  ];
  // That the token may not read nodes is said once, as the privilege that it lacks.
  const isTooNarrow = !isUnreadable(permissions) && permissions.sysAudit === 'here';
  return isTooNarrow ? said.filter(({ code }) => code !== 'unreadable') : said;
}

/** Where administrators come from; the server protects those addresses as far as it can read them. */
export function judgeManagement({ name, file, cluster: { management, permissions } }: Answered): readonly Said[] {
  if (isUnreadable(management)) return [unreadable('the ipset management', management)];
  // That the token may not read nodes is said once, as the privilege that it lacks.
  if (!isUnreadable(permissions) && permissions.sysAudit === 'here') return [];
  return management.unknown.length === 0 ? [] : [judgeUnknown(name, management.unknown, unsplitIn(file, 'management'))];
}

/** @param lines of the file that the API shows without their text */
function judgeUnknown(name: string, unknown: readonly UnknownMember[], lines: readonly string[]): Said {
  const said = enumerate(unknown.map(({ member, reason }) => `${member} (${reason})`));
  const members = lines.length === 0 ? said : `${said}; of ${clusterFile}: ${enumerate(lines)}`;
  return {
    level: 'warning',
    code: 'management-unknown',
    fact: `not all of the ipset management of ${name} is known: ${members}`,
    consequence: 'what it means is not protected: a host that bans it locks it out',
    command:
      'mend these lines below [IPSET management], and where the network of a node is not known, define it: pvesh create /cluster/firewall/aliases --name local_network --cidr NETWORK; until then: fail2networkban-server allow add NETWORK',
  };
}

function judgeFirewall({ name, isOnline, firewall }: NodeFacts, facts: Answered): readonly Said[] {
  if (!isOnline) {
    return [
      {
        level: 'warning',
        code: 'node-offline',
        fact: `node ${name} is offline, so its firewall and its clock cannot be read`,
        consequence: 'it takes the bans when it is back',
        command: 'pvecm status',
      },
    ];
  }
  if (isUnreadable(firewall)) return [unreadable(`the firewall of node ${name}`, firewall)];
  return [...judgeHostFirewall(name, firewall), ...judgeNftables(name, firewall, facts)];
}

function judgeHostFirewall(node: string, { isEnabled }: NodeFirewall): readonly Said[] {
  if (isEnabled) return [];
  return [
    {
      level: 'warning',
      code: 'host-firewall-off',
      fact: `the firewall of node ${node} is off`,
      consequence: 'banned addresses reach the node itself; its guests are still protected',
      command: `pvesh set /nodes/${node}/firewall/options --enable 1`,
    },
  ];
}

function judgeNftables(node: string, { isNftables }: NodeFirewall, { ipset, cluster }: Answered): readonly Said[] {
  if (!isNftables || cluster.dropRule === true) return [];
  return [
    {
      level: 'warning',
      code: 'nftables-needs-rule',
      fact: `on node ${node} proxmox-firewall filters (nftables), which gives the ipset ${ipset} no meaning of its own`,
      consequence: `unless there is a rule IN DROP -source +dc/${ipset} for nodes, and one in each guest's security group, nothing is dropped there`,
      command: `${ruleCommand(ipset)}; or back to pve-firewall: pvesh set /nodes/${node}/firewall/options --nftables 0`,
    },
  ];
}

/** Said once for all nodes that filter with nftables; an ipset of another name is told of with the firewall. */
function judgeGuestRules(nodes: readonly NodeFacts[], { ipset, cluster }: Answered): readonly Said[] {
  const isFiltering = nodes.some(({ firewall }) => !isUnreadable(firewall) && firewall.isNftables);
  return isFiltering && cluster.dropRule === true && ipset === ownMeaning ? [guestsNeedRule(ipset)] : [];
}

function judgeClock({ name, isOnline, timeSeconds }: NodeFacts, { readBetweenMs }: Answered): readonly Said[] {
  if (!isOnline) return [];
  if (isUnreadable(timeSeconds)) return [unreadable(`the clock of node ${name}`, timeSeconds)];
  const [before, after] = readBetweenMs;
  const timeMs = timeSeconds * 1_000;
  const offMs = Math.max(before - timeMs, timeMs - after);
  if (offMs <= clockToleranceMs) return [];
  return [
    {
      level: 'warning',
      code: 'clock-differs',
      fact: `the clock of node ${name} is ${Math.round(offMs / 1_000)} s ${timeMs > after ? 'ahead of' : 'behind'} ours`,
      consequence: 'certificates may count as not valid, and the times in logs do not fit together',
      command: 'on both: timedatectl status; systemctl restart chrony',
    },
  ];
}
