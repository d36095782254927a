import type { Said } from '../../../shared/finding.ts';
import { formatCommand } from '../../../shared/host/command-runner.ts';
import type { ClusterFacts } from '../../enforcers/proxmox/cluster-facts.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import { removeTokenCommand, splitToken } from '../../setup/plan-accounts.ts';
import { setupToken } from '../../setup/setup.ts';
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
  const { cluster } = facts;
  if ('unreachable' in cluster) {
    return [cluster.isTokenRefused ? tokenRefused(facts) : unreachable(facts, cluster.unreachable)];
  }
  const answered = { ...facts, cluster };
  return judgesFor(cluster).flatMap((judge) => judge(answered));
}

/** Whether what the server needs to read and write is open to the token. */
export function isOpen({ cluster }: ProxmoxFacts): boolean {
  if ('unreachable' in cluster) return false;
  const { permissions } = cluster;
  return isUnreadable(permissions) || (permissions.sysModify !== 'none' && permissions.sysAudit !== 'none');
}

/** Without Sys.Audit everything else is unreadable for this one reason, which is said once. */
function judgesFor({ permissions }: ClusterFacts): typeof judges {
  return !isUnreadable(permissions) && permissions.sysAudit === 'none' ? [judgePermissions] : judges;
}

/** As Proxmox answers 401: expired, removed, with another secret, or its user disabled. */
function tokenRefused({ authority, token }: ProxmoxFacts): Said {
  return {
    level: 'broken',
    code: 'token-refused',
    fact: `${authority} does not accept the token ${token} (401)`,
    consequence: 'no ban gets there',
    command: commandsForNewToken(token),
  };
}

/** Setup makes its own token anew, with all that it needs, when that is gone. */
function commandsForNewToken(token: string): string {
  const { user, name } = splitToken(token);
  const look = formatCommand(['pveum', 'user', 'token', 'list', user]);
  const remove = formatCommand(removeTokenCommand(user, name));
  const make =
    token === setupToken
      ? 'fail2networkban-server setup --yes'
      : `${formatCommand(['pveum', 'user', 'token', 'add', user, name, '--privsep', '1'])}, its secret into token_file`;
  return `${look} shows its state; a new one: ${remove}; ${make}; then: fail2networkban-server doctor`;
}

function unreachable({ authority }: ProxmoxFacts, reason: string): Said {
  return {
    level: 'broken',
    code: 'proxmox-unreachable',
    fact: `${authority} cannot be asked: ${reason}`,
    consequence: 'no ban gets there',
    command: 'on that host: systemctl status pveproxy pvedaemon; then check url, ca, pin and token_file',
  };
}
