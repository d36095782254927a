import type { Said } from '../../../shared/finding.ts';
import { formatCommand } from '../../../shared/host/command-runner.ts';
import type { Permissions } from '../../enforcers/proxmox/cluster-facts.ts';
import { isUnreadable } from '../../enforcers/proxmox/readable.ts';
import { auditGrant, type Grant, grantCommand, granteesOf, makeRoleCommand, modifyGrant } from '../../setup/grants.ts';
import { type Answered, unreadable } from './answered.ts';

/**
 * What the token may do on `/`. A privilege that is granted without propagation is shown as 0 by Proxmox, and is granted.
 *
 * | | none | here | below |
 * | --- | --- | --- | --- |
 * | Sys.Modify | broken | good | more than needed |
 * | Sys.Audit | broken | nodes cannot be read | good |
 */
export function judgePermissions({ cluster: { permissions }, token }: Answered): readonly Said[] {
  if (isUnreadable(permissions)) return [unreadable('what the token may do', permissions)];
  const { sysModify, sysAudit } = permissions;
  const said: Said[] = [];
  if (sysModify === 'none' || sysAudit === 'none') said.push(missing(permissions, token));
  if (sysModify === 'below') said.push(tooWide(token));
  if (sysAudit === 'here') said.push(tooNarrow(token));
  return said;
}

function tooWide(token: string): Said {
  return {
    level: 'note',
    code: 'privilege-wider-than-needed',
    fact: `${token} has Sys.Modify on / with propagation`,
    consequence: 'whoever gets hold of the token can change nodes too; the cluster firewall needs it on / alone',
    command: commandsFor(modifyGrant, token),
  };
}

function tooNarrow(token: string): Said {
  return {
    level: 'warning',
    code: 'privilege-narrower-than-needed',
    fact: `${token} has Sys.Audit on / without propagation`,
    consequence: "the nodes' own firewalls and clocks cannot be looked at",
    command: commandsFor(auditGrant, token),
  };
}

/** One finding for both: who made a token without any privilege has one thing to mend. */
function missing({ sysModify, sysAudit }: Permissions, token: string): Said {
  const grants = [...(sysModify === 'none' ? [modifyGrant] : []), ...(sysAudit === 'none' ? [auditGrant] : [])];
  const mayRead = sysAudit !== 'none';
  return {
    level: 'broken',
    code: 'privilege-missing',
    fact: `${token} lacks ${grants.map(({ privilege }) => privilege).join(' and ')} on /, or its user does`,
    consequence: mayRead
      ? 'no ban gets into the firewall'
      : 'the firewall cannot be read, so nothing is enforced, and nothing else of this Proxmox can be looked at',
    command: grants.map((grant) => commandsFor(grant, token)).join('; '),
  };
}

/** The role may be there already, which `pveum role add` says and which does no harm. */
export function commandsFor(grant: Grant, token: string): string {
  return [makeRoleCommand(grant), ...granteesOf(token).map((grantee) => grantCommand(grant, grantee))]
    .map(formatCommand)
    .join('; ');
}
