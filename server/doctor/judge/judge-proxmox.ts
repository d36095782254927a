import type { Said } from '../../../shared/finding.ts';
import type { ProxmoxFacts } from '../facts/read-proxmox.ts';
import type { Answered } from './answered.ts';
import { judgeFirewall } from './judge-firewall.ts';
import { judgeGuests } from './judge-guests.ts';
import { judgeIpset } from './judge-ipset.ts';
import { judgeManagement, judgeNodes } from './judge-nodes.ts';
import { judgePermissions } from './judge-permissions.ts';

const judges: readonly ((facts: Answered) => readonly Said[])[] = [
  judgePermissions,
  judgeFirewall,
  judgeNodes,
  judgeManagement,
  judgeGuests,
  judgeIpset,
];

/** All that is wrong with the Proxmox of one section. */
export function judgeProxmox(facts: ProxmoxFacts): readonly Said[] {
  const { cluster, authority } = facts;
  if ('unreachable' in cluster) return [unreachable(authority, cluster.unreachable)];
  const answered = { ...facts, cluster };
  return judges.flatMap((judge) => judge(answered));
}

function unreachable(authority: string, reason: string): Said {
  return {
    level: 'broken',
    code: 'proxmox-unreachable',
    fact: `${authority} cannot be asked: ${reason}`,
    consequence: 'no ban gets there',
    command: 'on that host: systemctl status pveproxy pvedaemon; then check url, ca, pin and token_file',
  };
}
