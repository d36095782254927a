import type { ProxmoxFacts } from '../facts/read-proxmox.ts';
import type { Finding } from '../finding.ts';
import { judgeFirewall } from './judge-firewall.ts';
import { judgeGuests } from './judge-guests.ts';
import { judgeIpset } from './judge-ipset.ts';
import { judgeManagement, judgeNodes } from './judge-nodes.ts';
import { judgePermissions } from './judge-permissions.ts';
import type { Answered, Said } from './said.ts';

const judges: readonly ((facts: Answered) => readonly Said[])[] = [
  judgePermissions,
  judgeFirewall,
  judgeNodes,
  judgeManagement,
  judgeGuests,
  judgeIpset,
];

/** All that is wrong with the Proxmox of one section. */
export function judgeProxmox(facts: ProxmoxFacts): readonly Finding[] {
  const { cluster, name, authority } = facts;
  if ('unreachable' in cluster) {
    return [
      {
        level: 'broken',
        code: 'proxmox-unreachable',
        subject: name,
        fact: `${authority} cannot be asked: ${cluster.unreachable}`,
        consequence: 'no ban gets there',
        command: 'on that host: systemctl status pveproxy pvedaemon; then check url, ca, pin and token_file',
      },
    ];
  }
  const answered = { ...facts, cluster };
  return judges.flatMap((judge) => judge(answered)).map((said) => ({ ...said, subject: name }));
}
